"""The field's words on the Explore tab in plain ones, behind a "?" beside the head of each column."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WORDS: Mapping[str, Mapping[str, str]] = {
    "The generator": {
        "seed": "A number that the dice are thrown with. The same seed makes the same picture, today and in ten years.",
        "latent · z": "The random numbers that come of the seed. The network was trained to turn any of them into a "
        "picture.",
        "variety · truncation ψ": "At 1 pictures are as varied as the network knows them; towards 0 all of them come "
        "nearer to the average, which fails less often. Below 0 lies the opposite of the picture.",
        "two-sided sliders · σ": "Directions in which pictures differ. One σ is how far pictures usually spread that "
        "way, so ±2 is far and ±4 leaves what the network knows.",
        "second seed · style mixing": "Layers paint from coarse to fine: shapes first, colours and texture last. From "
        "the layer you choose on, the second seed says what is painted.",
        "noise": "Grain that each layer is given, for what is left to chance: spots, the edge of a leaf.",
    },
    "The critic": {
        "critic · discriminator": "The second network. It learnt to tell training pictures from generated ones, and "
        "the generator learnt to get past it. It knows nothing else: it cannot tell whether another picture is fake.",
        "the two curves": "How it scored generated pictures and real ones. The mark is this picture.",
        "11 %": "Of a hundred real pictures, so many score lower than this one.",
        "nearest neighbours": "The training pictures that look most like this one to another network: to see whether "
        "it is a copy.",
    },
    "Afterwards": {
        "post-processing": "What is done to the finished picture: filters, colours, regions. No network is asked. "
        "Steps run from top to bottom.",
        "Before": "The picture as the generator made it.",
    },
}


def words_button(head: str) -> str:
    """HTML of a "?" that opens the plain words for the column of that head; nothing where there are none."""
    if head not in WORDS:
        return ""
    key = f"words-{head.lower().replace(' ', '-')}"
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(says)}</dd>" for term, says in WORDS[head].items())
    return (
        f'<button type="button" class="words-button" popovertarget="{key}" aria-label="In plain words" '
        f'title="In plain words">?</button><div id="{key}" class="words" popover role="dialog" '
        f'aria-label="{escape(head)}, in plain words"><dl>{rows}</dl></div>'
    )
