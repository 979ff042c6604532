"""Presets that name the trade: a zip of what an art printer, an advertiser, a film maker, an architect or a teacher of
medicine takes a picture home as. Each file says that it is AI-generated, and the recipe lies beside them."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from generator.storage import whole
from postprocess import StepUse, find_regions
from studio import Recipe, Rendering, Studio, StudioError

from .directions import closed_form
from .enlarge import enlarge, methods
from .export import Wish, export_walk, labelled_png
from .labels import label_of
from .palette import WRITERS, Swatch, swatches
from .prints import Print, write_rendering
from .take_home import SIZES, Layout, border_colour, enlarged, on_paper, write_picture
from .texture import height_map, seamless
from .walk import circular

Floats = NDArray[np.float32]
Share = Callable[[float], None]
Make = Callable[[Studio, Recipe, Path, Mapping[str, str], Share], None]

SECONDS = 4  # of a film's loop
REACH = 1.2  # standard deviations, the radius of that loop
VIEW = 512  # px, to which teaching pictures are enlarged where they are smaller
STRIPE = 28  # px of their label
REGIONS = 6
# Shapes of an advertisement: width × height in px, and on which side there is room for text.
FORMATS = {
    "banner 1200 × 628": (1200, 628, "left"),
    "story 1080 × 1920": (1080, 1920, "above"),
    "square 1080": (1080, 1080, "below"),
    "poster 2400 × 3200": (2400, 3200, "above"),
}


@dataclass(frozen=True)
class Trade:
    """A preset: what the page calls it and says of it, the choices it leaves (each a list of words, the first of which
    is taken where none is chosen), and what writes its files into a folder."""

    title: str
    says: str
    make: Make
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def pack(
    studio: Studio,
    recipe: Recipe,
    trade: str,
    path: Path,
    choices: Mapping[str, str] | None = None,
    progress: Share | None = None,
) -> Path:
    """Write the zip of a trade to `path`, whole or not at all: its files, and recipe.json.

    `progress(share)` may raise to end it. StudioError for an unknown trade or choice, and for what a file refuses.
    """
    if trade not in TRADES:
        raise StudioError(f"A trade is one of {', '.join(TRADES)}, not {trade!r}.")
    known, given = TRADES[trade].choices, dict(choices or {})
    for name, value in given.items():
        if name not in known or value not in known[name]:
            raise StudioError(f"“{TRADES[trade].title}” has no {name} {value!r}.")
    chosen = {name: given.get(name, words[0]) for name, words in known.items()}
    recipe = studio.normalise(recipe)

    def hear(share: float) -> None:
        if progress is not None:
            progress(share)

    with tempfile.TemporaryDirectory(prefix="latent-atelier-") as name:
        folder = Path(name)
        TRADES[trade].make(studio, recipe, folder, chosen, hear)
        (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=1), encoding="utf-8")
        with whole(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
    hear(1.0)
    return path


# ---------------------------------------------------------------- the trades


def _art(studio: Studio, recipe: Recipe, folder: Path, chosen: Mapping[str, str], hear: Share) -> None:
    rendering = studio.render(recipe, critic="none")
    wish = Print(kind="tiff", method=methods()[-1])
    layout = on_paper(rendering.picture, chosen["sheet"], float(chosen["dpi"]), 3.0, chosen["fit"])
    write_rendering(folder / "print.tif", rendering, layout, wish, hear)


def _advertising(studio: Studio, recipe: Recipe, folder: Path, chosen: Mapping[str, str], hear: Share) -> None:
    rendering = studio.render(recipe, critic="none")
    picture = over_white(rendering)
    layout = with_room(picture, *FORMATS[chosen["format"]])
    opaque = replace(rendering, raw=picture, stages=())
    write_rendering(folder / "advertisement.png", opaque, layout, Print(method=methods()[-1]), hear)
    colours = swatches(picture, 6)
    for kind, write in WRITERS.items():
        (folder / f"palette.{kind}").write_bytes(write(colours, rendering.specimen))
    (folder / "palette.png").write_bytes(labelled_png(swatch_card(colours), label_of(rendering, "A palette")))


def _film(studio: Studio, recipe: Recipe, folder: Path, chosen: Mapping[str, str], hear: Share) -> None:
    fps = int(chosen["frames a second"])
    first, second = closed_form(studio, recipe.model, 2)
    walk = circular(studio, recipe, first, second, REACH, SECONDS * fps)
    export_walk(studio, walk, folder / "loop.mp4", Wish("mp4", fps, 4, methods()[-1]), hear)


def _architecture(studio: Studio, recipe: Recipe, folder: Path, chosen: Mapping[str, str], hear: Share) -> None:
    rendering = studio.render(recipe, critic="none")
    label = label_of(rendering, "A texture")
    picture = enlarge(over_white(rendering), 4, methods()[-1])
    tile = seamless(picture)
    described = {"Description": label.description}  # no recipe: it would restore the picture, not this
    write_picture(folder / "texture.png", tile, enlarged(tile, 1), packet=label.packet, text=described)
    hear(0.5)
    heights = picture
    if "relief" in rendering.provenance.data:  # a map's tints and shades say more of its heights than its lightness
        heights = np.repeat(enlarge(height_map(over_white(rendering)), 4)[..., None], 3, axis=-1)
    height = seamless(heights) if chosen["height map"] == "of the texture" else heights
    write_picture(folder / "height.png", height, enlarged(height, 1), grey=True, packet=label.packet, text=described)
    hear(1.0)


def _medicine(studio: Studio, recipe: Recipe, folder: Path, chosen: Mapping[str, str], hear: Share) -> None:
    def painted(*steps: StepUse) -> Rendering:
        return studio.render(replace(recipe, steps=steps), critic="none")

    grey = StepUse("saturation", parameters={"amount": 0.0})
    equal = StepUse("clahe", parameters={"strength": 1.0})
    plain, equalised = painted(grey), painted(grey, equal)
    label = label_of(plain, "A teaching picture")
    regions = find_regions(plain.picture, int(chosen["regions"]))
    light = plain.picture.mean(axis=-1)
    pictures = {
        "grey.png": plain.picture,
        "equalised.png": equalised.picture,
        "false-colour.png": false_colour(equalised.picture.mean(axis=-1)),
        "regions.png": outlined(plain.picture, regions.labels),
    }
    for number, (name, picture) in enumerate(pictures.items(), start=1):
        (folder / name).write_bytes(labelled_png(marked(picture), label))
        hear(number / len(pictures))
    (folder / "regions.csv").write_text(measured_regions(light, regions.labels), encoding="utf-8")


TRADES: dict[str, Trade] = {
    "art print": Trade(
        "Art print",
        "A 16-bit TIFF on its sheet, with 3 mm of bleed, resolution and colour profile.",
        _art,
        {
            "sheet": ("A4", *(size for size in SIZES if size != "A4")),
            "dpi": ("300", "150", "600"),
            "fit": ("whole", "fill"),
        },
    ),
    "advertising": Trade(
        "Advertising",
        "The picture with room for text, and its palette as ASE, GPL, CSS and a card.",
        _advertising,
        {"format": tuple(FORMATS)},
    ),
    "film": Trade(
        "Film",
        f"A seamless loop of {SECONDS} s round the picture, enlarged four times, H.264.",
        _film,
        {"frames a second": ("24", "25", "30")},
    ),
    "architecture": Trade(
        "Architecture",
        "A texture that tiles, and a 16-bit height map: its lightness; of a relief map, such as terra’s, an estimate.",
        _architecture,
        {"height map": ("of the texture", "of the picture")},
    ),
    "medicine": Trade(
        "Teaching medicine",
        "Grey, equalised (CLAHE), in false colour, regions outlined and measured; each marked as synthetic.",
        _medicine,
        {"regions": tuple(str(n) for n in (REGIONS, 3, 4, 8, 12))},
    ),
}


# ---------------------------------------------------------------- what they are made of


def over_white(rendering: Rendering) -> Floats:
    """The finished picture H×W×3, over white where it is transparent."""
    if rendering.alpha is None:
        return rendering.picture
    alpha = rendering.alpha[..., None]
    return rendering.picture * alpha + (1 - alpha)


def with_room(picture: Floats, width: int, height: int, side: str) -> Layout:
    """The picture as large as it goes at one end of a sheet of px, its border's colour where text is to stand: on the
    `side` "left", "above" or "below" of it, at least a quarter of the sheet."""
    tall, wide = picture.shape[:2]
    free = (0.25 * width, 0.0) if side == "left" else (0.0, 0.25 * height)
    scale = min((width - free[0]) / wide, (height - free[1]) / tall)
    inner = max(1, round(wide * scale)), max(1, round(tall * scale))
    left = width - inner[0] if side == "left" else (width - inner[0]) // 2
    top = {"left": (height - inner[1]) // 2, "above": height - inner[1], "below": 0}[side]
    return Layout(width, height, left, top, *inner, border_colour(picture), dpi=72)


def swatch_card(colours: list[Swatch]) -> NDArray[np.uint8]:
    """The colours beside each other with their names, H×W×3."""
    side = 160
    card = Image.new("RGB", (side * len(colours), side + 40), (255, 255, 255))
    draw = ImageDraw.Draw(card)
    for i, swatch in enumerate(colours):
        draw.rectangle((i * side, 0, (i + 1) * side - 1, side), fill=swatch.hex)
        draw.text((i * side + 12, side + 11), f"{swatch.hex}  {swatch.share:.0%}", (43, 38, 33), _font(15))
    return np.asarray(card)


# Stops whose lightness L* rises all the way while the hue turns from blue over green to yellow.
_STOPS = np.array(
    [
        (38, 22, 66), (50, 40, 108), (46, 66, 134), (38, 92, 142), (34, 116, 142), (34, 138, 136),
        (46, 160, 122), (88, 180, 96), (142, 198, 66), (200, 212, 62), (252, 238, 140),
    ],
    np.float32,
) / np.float32(255)  # fmt: skip


def false_colour(light: Floats) -> Floats:
    """H×W in [0, 1] → H×W×3: a scale from dark blue to light yellow whose lightness rises all the way, so that it reads
    the same in grey and to the colour-blind."""
    at = np.linspace(0, 1, len(_STOPS))
    return np.stack([np.interp(light, at, _STOPS[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def outlined(picture: Floats, labels: NDArray[np.int32]) -> Floats:
    """The picture enlarged to VIEW, with a line where regions meet."""
    factor = max(1, -(-VIEW // max(picture.shape[:2])))
    large = np.asarray(
        Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).resize(
            (picture.shape[1] * factor, picture.shape[0] * factor), Image.Resampling.LANCZOS
        ),
        np.float32,
    ) / np.float32(255)
    wide = labels.repeat(factor, axis=0).repeat(factor, axis=1)
    edge = np.zeros(wide.shape, bool)
    edge[:, 1:] |= wide[:, 1:] != wide[:, :-1]
    edge[1:] |= wide[1:] != wide[:-1]
    large[edge] = (1.0, 0.75, 0.1)
    return large


def measured_regions(light: Floats, labels: NDArray[np.int32]) -> str:
    """A table of the regions of a picture H×W: share of the picture, centre in px, mean and spread of lightness in
    per cent; CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ("region", "share_percent", "pixels", "centre_x", "centre_y", "mean_grey_percent", "spread_grey_percent")
    )
    for region in range(int(labels.max()) + 1):
        rows, columns = np.nonzero(labels == region)
        values = light[rows, columns]
        figures = (
            100 * len(values) / labels.size,
            columns.mean(),
            rows.mean(),
            100 * values.mean(),
            100 * values.std(),
        )
        share, x, y, mean, spread = (f"{figure:.2f}" for figure in figures)
        writer.writerow((region + 1, share, len(values), x, y, mean, spread))
    return out.getvalue()


def marked(picture: Floats) -> NDArray[np.uint8]:
    """The picture at least VIEW px wide on a stripe that says what it is; H×W×3."""
    factor = max(1, -(-VIEW // max(picture.shape[:2])))
    image = Image.fromarray((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (image.width, image.height + STRIPE), (255, 255, 255))
    sheet.paste(image, (0, 0))
    words = "SYNTHETIC · AI-generated · shows no patient · for teaching only"
    ImageDraw.Draw(sheet).text((8, image.height + 6), words, (150, 20, 20), _font(14))
    return np.asarray(sheet)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
