"""Links: the query string both ways, and what happens to one that is cut, altered or wrong."""

import random
import unicodedata
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from postprocess import STEPS, StepUse
from studio import FIELDS, CutLinkError, Mix, Recipe, RecipeError, foreign
from studio.recipe.links import MAX_QUERY

from ..recipes import random_recipe

STEP = next(iter(STEPS))
FULL = Recipe(
    model="orchard",
    version="1.0",
    seed=12,
    label="peach",
    psi=0.75,
    moves=(("pc1", 1.5), ("pc2", -2.0)),
    mix=Mix(77, "a:b", 6),
    noise=0.5,
    noise_seed=3,
    rotation=30.0,
    y=-0.125,
    steps=(StepUse(STEP, on=False, where="subject"),),
)


def refusal(query: str) -> str:
    """The one sentence with which a link is refused."""
    with pytest.raises(RecipeError) as caught:
        Recipe.from_query(query)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 600, sentence
    return sentence


def signed(query: str) -> str:
    """A link with a checksum made here, from the definition: CRC-32 of the decoded pairs, one a line."""
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    return f"{query}&end={zlib.crc32(chr(10).join(f'{k}={v}' for k, v in pairs).encode()):08x}"


def test_query_both_ways_gives_an_equal_recipe():
    rng = random.Random(21)
    for _ in range(300):
        recipe = random_recipe(rng)
        query = recipe.to_query()
        assert Recipe.from_query(query) == recipe
        assert Recipe.from_query("?" + query) == recipe
        assert query.isascii() and not set(query) & set(' "<>#\\^`{|}')


def test_a_link_is_short_and_readable():
    query = FULL.to_query()
    assert query.startswith("v=1&model=orchard&version=1.0&seed=12&class=peach&psi=0.75&")
    assert "&move=pc1:1.5,pc2:-2&mix=77:a:b:6&noise=0.5&noise_seed=3&rotation=30&y=-0.125&" in query
    assert f"&step={STEP}:on=no,where=subject&end=" in query
    assert Recipe().to_query().count("&") == 1


def test_the_page_without_a_query_is_the_default_recipe():
    assert Recipe.from_query("") == Recipe.from_query("?") == Recipe()


def test_a_link_cut_anywhere_is_refused():
    query = FULL.to_query()
    for length in range(len("v=1"), len(query)):
        assert "incomplete" in refusal(query[:length])


def test_what_could_be_read_of_a_cut_link_is_of_that_recipe():
    query = FULL.to_query()
    for length in range(len("v=1"), len(query)):
        with pytest.raises(CutLinkError) as caught:
            Recipe.from_query(query[:length] + "&fbclid=IwAR0")
        rest = caught.value.rest
        if rest is None:
            assert length < len("v=1&model=orchard&version")
            continue
        for field in FIELDS:  # each as it was, or not read at all: never half of a number
            read, whole = getattr(rest, field.name), getattr(FULL, field.name)
            assert read in (whole, field.default) or (field.name == "steps" and read == whole[: len(read)])
    assert replace(rest, steps=FULL.steps) == FULL


FOREIGN = (
    "fbclid=IwAR0_x",
    "utm_source=a.b&utm_medium=e%20mail",
    "gclid=",
    "mc_cid=%FF",
    "__theme=dark",
    "view=api",
    "q",
)


@pytest.mark.parametrize("others", FOREIGN)
@pytest.mark.parametrize("query", [FULL.to_query(), "seed=7&psi=1", ""], ids=["signed", "by hand", "home"])
def test_what_others_add_is_ignored_and_handed_back(query: str, others: str):
    recipe = Recipe.from_query(query)
    middle = "&".join([*query.split("&")[:2], others, *query.split("&")[2:]])
    for text in (f"{others}&{query}", f"{query}&{others}", f"?{others}&{query}&", middle):
        assert Recipe.from_query(text) == recipe and foreign(text) == others
    assert foreign(query) == ""


@pytest.mark.parametrize("others", ["v=7h3k", "end=2024-01-01", "v=2&end=soon"])
def test_others_may_use_our_marks(others: str):
    assert Recipe.from_query(others) == Recipe() and foreign(others) == others
    assert Recipe.from_query(f"{FULL.to_query()}&{others}") == FULL


def stuck(tail: str) -> Callable[[str], str]:
    return lambda query: query + tail


MISHAPS: dict[str, Callable[[str], str]] = {
    "html": lambda query: query.replace("&", "&amp;"),
    "html twice": lambda query: query.replace("&", "&amp;amp;"),
    **{f"ends with {tail}": stuck(tail) for tail in (".", ")", ").", "!", "”", "…", ">,", "*", "%E2%80%9D.", "%29")},
    "wrapped": lambda query: query[:9] + "\r\n" + query[9:] + "\n",
    "an invisible space": lambda query: query[:9] + "\u200b" + query[9:] + "%E2%80%8B",
    "blanks around": lambda query: f" {query} ",
    "encoded once more": lambda query: urllib.parse.quote(query, safe=""),
    "encoded thrice": lambda query: urllib.parse.quote(urllib.parse.quote(urllib.parse.quote(query, safe=""))),
    "quoted-printable": lambda query: query.replace("=", "=3D"),
    "numbers for &": lambda query: query.replace("&", "&#38;"),
    "hexadecimal for &": lambda query: query.replace("&", "&#x26;"),
    "JSON's for &": lambda query: query.replace("&", "\\u0026"),
    "html, encoded": lambda query: query.replace("&", "%26amp%3B"),
    "semicolons": lambda query: query.replace("&", ";"),
    "blanks behind &": lambda query: query.replace("&", "& "),
    "dashes for minus": lambda query: query.replace("-", "–"),
    "minus signs": lambda query: query.replace("-", "%E2%88%92"),
    "two question marks": lambda query: "??" + query,
    "in another link": lambda query: f"url={urllib.parse.quote('https://a.example/x/?' + query, safe='')}&data=05%7C02",
    "in another link, last": lambda query: f"h=AT0&u={urllib.parse.quote('https://a.example/?' + query)}",
}


@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS)
@pytest.mark.parametrize("query", [FULL.to_query(), "seed=7&psi=1", "psi=1&class=Crane%20(bird)"])
def test_what_is_known_to_happen_on_the_way_is_mended(query: str, mishap: Callable[[str], str]):
    assert Recipe.from_query(mishap(query)) == Recipe.from_query(query)


def test_a_soft_break_of_quoted_printable_is_seen_by_the_sum():
    query = FULL.to_query()
    for at in range(1, len(query), 7):
        assert Recipe.from_query(query[:at] + "=\r\n" + query[at:]) == FULL


@pytest.mark.parametrize("tail", [".", ")", "!%22", "%E2%80%9D."])
def test_what_others_add_comes_behind_what_is_stuck(tail: str):
    query = f"psi=0.5&seed=12{tail}&fbclid=IwAR0&utm_source=a."
    assert Recipe.from_query(query) == Recipe.from_query("psi=0.5&seed=12")


@pytest.mark.parametrize("tail", ["。", "！", "」です", "を見て", "ครับ", " 🙂", "🙂👍", "👍\ufe0f."])
@pytest.mark.parametrize("encoded", [False, True])
def test_a_sentence_of_another_script_may_go_on_without_a_blank(tail: str, encoded: bool):
    """What messengers take for the end of a link written by hand; a class of such letters stays one."""
    query = "seed=12&psi=0.5"
    behind = urllib.parse.quote(tail.strip()) if encoded else tail
    assert Recipe.from_query(f"{query}{behind}&fbclid=IwAR0") == Recipe.from_query(query)
    assert Recipe.from_query(f"psi=0.5&class={urllib.parse.quote('りんご')}").label == "りんご"
    with pytest.raises(RecipeError, match="fifty"):
        Recipe.from_query(f"{query}fifty{behind}")


def test_letters_whose_accents_stand_apart_are_the_same_class():
    """As macOS hands names on."""
    query = Recipe.from_json({"class": "\u00c4pfel \u2013 s\u00fc\u00df"}).to_query()
    apart = urllib.parse.quote(unicodedata.normalize("NFD", urllib.parse.unquote(query)), safe="=&")
    assert apart != query and Recipe.from_query(apart) == Recipe.from_query(query)


@pytest.mark.parametrize("between", ["", "%0A", " "])
def test_a_link_pasted_twice(between: str):
    query = FULL.to_query()
    assert Recipe.from_query(f"{query}{between}https://a.example/x/?{query}") == FULL


def test_what_others_wrapped_round_a_link_stays_theirs():
    query = FULL.to_query()
    wrapped = f"url={urllib.parse.quote('https://a.example/?' + query, safe='')}&data=05%7C02&reserved=0"
    assert foreign(wrapped) == "data=05%7C02&reserved=0"
    assert foreign(query + "&quot;") == foreign(query + "&lt;/a&gt;") == ""
    elsewhere = "url=https%3A%2F%2Fb.example%2F%3Fpage%3D2"  # no recipe: somebody's own
    assert foreign(elsewhere) == elsewhere and Recipe.from_query(elsewhere) == Recipe()
    assert Recipe.from_query(query + "%E9") == FULL


def test_a_tag_that_sticks_to_a_link_of_ours_does_no_harm():
    assert Recipe.from_query(FULL.to_query() + "%3C/a%3E") == Recipe.from_query(FULL.to_query() + "</a>") == FULL


def test_an_altered_link_is_refused_or_means_the_same():
    rng = random.Random(22)
    query = FULL.to_query()
    for _ in range(3000):
        at = rng.randrange(len(query))
        altered = query[:at] + chr(rng.randrange(32, 127)) + query[at + 1 :]
        try:
            assert Recipe.from_query(altered) == FULL
        except RecipeError as error:
            assert len(str(error)) < 300


def test_a_link_that_was_encoded_anew_still_works():
    query = FULL.to_query()
    pairs = urllib.parse.parse_qsl(query)
    assert Recipe.from_query(urllib.parse.urlencode(pairs)) == FULL  # blanks as +, everything else as %XX
    everything = "&".join(f"{k}={''.join(f'%{byte:02x}' for byte in v.encode())}" for k, v in pairs)
    assert Recipe.from_query(everything) == FULL


def test_the_page_may_add_keys_of_its_own():
    assert Recipe.from_query("__theme=dark&" + FULL.to_query()) == FULL
    assert Recipe.from_query(FULL.to_query() + "&__theme=dark") == FULL
    assert Recipe.from_query("__theme=dark") == Recipe()


def test_a_link_by_hand_needs_no_checksum():
    assert Recipe.from_query("seed=7&psi=1&move=pc1:0.5") == Recipe(seed=7, psi=1.0, moves=(("pc1", 0.5),))
    assert Recipe.from_query("mix=77::6").mix == Mix(77, None, 6)
    assert Recipe.from_query(f"step={STEP}") == Recipe(steps=(StepUse(STEP),))


def test_a_checksum_made_from_its_definition_is_right():
    assert Recipe.from_query(signed("v=1&seed=7&class=cr%C3%A8me+br%C3%BBl%C3%A9e")).label == "crème brûlée"


def test_a_newer_link_is_told_from_a_broken_one():
    assert "newer" in refusal(signed("v=2&seed=7&depth=3"))


@pytest.mark.parametrize(
    "query",
    [
        "seed=1&seed=2",
        "seed",
        "seed=",
        "seed=1.5",
        "seed=1_0",
        "seed=%EF%BC%91",
        "seed=-1",
        "seed=nan",
        "psi=nan",
        "psi=inf",
        "psi=1e999",
        "psi= 1",
        "psi=0x1",
        "rotation=181",
        "rotation=",
        "rotation=1&rotation=2",
        "x=left",
        "y=nan",
        "move=pc1",
        "move=pc1:",
        "move=pc1:1,pc1:2",
        "move=:1",
        "move=pc1:1:2",
        "move=",
        "move=pc1:9",
        "mix=7",
        "mix=7:6",
        "mix=::",
        "mix=a:b:c",
        "latent=",
        "latent=!!!!",
        "latent=AAAA",
        "latent=AADAfw",
        "latent=%C3%A9",
        "step=",
        "step=no_such_step",
        f"step={STEP}:radius",
        f"step={STEP}:no_such=1",
        f"step={STEP}:on=maybe",
        f"step={STEP}:on=no,on=no",
        f"step={STEP}:where=sky",
        "&".join([f"step={STEP}"] * 17),
        "class=",
        "class=%00",
        "model=..%2Fx",
        "seed=%FF",
        "seed=\ud800",
        "v=1&seed=\ud800&end=00000000",
        "end=00000000",
        "seed=1&end=00000000",
        "v=1",
        "v=1&seed=1",
        "seed=" + "1" * MAX_QUERY,
    ],
    ids=lambda query: ascii(query)[:30],
)
def test_a_bad_link_is_refused_in_one_sentence(query: str):
    refusal(query)


def test_random_text_never_gives_anything_but_a_sentence():
    rng = random.Random(23)
    alphabet = "v=1&seed:mix,step%25psi.moveclasstend-0+é\ud800\0"
    for _ in range(3000):
        try:
            Recipe.from_query("".join(rng.choices(alphabet, k=rng.randrange(40))))
        except RecipeError as error:
            assert len(str(error)) < 600


def test_a_latent_too_long_for_a_link_is_said_when_it_is_written():
    assert len(Recipe(latent=(0.5,) * 512).to_query()) < 3000
    with pytest.raises(RecipeError, match="too long for a link"):
        Recipe(latent=(0.5,) * 4096).to_query()


def test_no_parameter_of_a_step_has_a_name_or_a_word_that_means_something_else_in_a_link():
    for step in STEPS.values():
        assert not {p.name for p in step.parameters} & {"on", "where"}
        assert not any("," in word for p in step.parameters for word in p.choices)
