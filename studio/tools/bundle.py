"""Many pictures as one file: a sheet as PNG or PDF, a zip of PNGs with their recipes and a table."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from generator.storage import whole
from studio import Recipe, Studio, StudioError, to_png

from .favourites import Favourite, to_text
from .sheet import Entry

Share = Callable[[float], None]

PAPER, INK = (247, 242, 232), (43, 38, 33)
GAP, CAPTION = 12, 16  # px between the pictures of a sheet, and under each for its seed
MAX_SIDE = 12_000  # px of a sheet
MOST = 1000  # pictures in a zip
MOST_PRINTED = 500  # pictures of a sheet or a zip that a page may ask for
PAGES = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}  # mm
LABEL = "AI-generated pictures"


def sheet_png(path: Path, entries: Sequence[Entry], title: str, note: str, packet: str, columns: int = 0) -> Path:
    """Thumbnails in rows on paper, each with its caption, as a PNG that carries `packet` (XMP); written whole.

    `columns`: 0 for about as many as rows. StudioError if it were larger than MAX_SIDE.
    """
    if not entries:
        raise StudioError("There is no picture on this sheet.")
    side = entries[0].look.thumbnail.shape[0]
    columns = columns or max(1, round(len(entries) ** 0.5))
    rows = -(-len(entries) // columns)
    head, cell = 56, side + GAP
    width = max(columns * cell + GAP, 360)
    height = head + rows * (cell + CAPTION) + 36
    if max(width, height) > MAX_SIDE:
        raise StudioError(f"This sheet would be larger than {MAX_SIDE} px: choose fewer pictures or more columns.")
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), title, INK, ImageFont.load_default(22))
    small = ImageFont.load_default(11)
    for number, entry in enumerate(entries):
        x = GAP + number % columns * cell
        y = head + number // columns * (cell + CAPTION)
        sheet.paste(Image.fromarray(entry.look.thumbnail), (x, y))
        draw.text((x, y + side + 2), _fitted(caption(entry.recipe), small, side), INK, small)
    draw.text((GAP, height - 24), f"{LABEL} · {note}", INK, small)
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet)
    info.add_text("Description", f"{LABEL}: {title}")
    with whole(path) as draft:
        sheet.save(draft, "PNG", pnginfo=info, compress_level=6)
    return path


def sheet_pdf(path: Path, entries: Sequence[Entry], title: str, note: str, page: str = "A4", columns: int = 6) -> Path:
    """Thumbnails on pages of paper with captions, page numbers and the note, as a PDF; written whole."""
    if page not in PAGES:
        raise StudioError(f"A page is {' or '.join(PAGES)}, not {page!r}.")
    if not entries or not 1 <= columns <= 12:
        raise StudioError("A sheet has at least one picture, in 1 to 12 columns.")
    width, height = PAGES[page]
    margin, gap, line = 14.0, 3.0, 4.5
    cell = (width - 2 * margin - gap * (columns - 1)) / columns
    rows = max(1, int((height - 2 * margin - 24) // (cell + line + gap)))
    pdf = FPDF(unit="mm", format=(width, height))
    pdf.set_auto_page_break(False)
    pdf.set_title(_latin(title))
    pdf.set_subject(LABEL)
    pdf.set_creator("Latent Atelier")
    pages = -(-len(entries) // (rows * columns))
    for number, entry in enumerate(entries):
        place = number % (rows * columns)
        if not place:
            pdf.add_page()
            pdf.set_font("Times", size=16)
            pdf.text(margin, margin + 5, _latin(title))
            pdf.set_font("Helvetica", size=7)
            foot = f"{LABEL} · {note} · {number // (rows * columns) + 1} / {pages}"
            pdf.text(margin, height - margin + 4, _latin(foot)[:180])
        x = margin + place % columns * (cell + gap)
        y = margin + 12 + place // columns * (cell + line + gap)
        pdf.image(Image.fromarray(entry.look.thumbnail), x, y, cell, cell)
        pdf.text(x, y + cell + 3, _latin(caption(entry.recipe))[: max(8, int(cell / 1.3))])
    with whole(path) as draft:
        pdf.output(str(draft))
    return path


def pictures_zip(path: Path, studio: Studio, favourites: Sequence[Favourite], progress: Share | None = None) -> Path:
    """A zip with each picture as a PNG that carries its recipe, a table (pictures.csv) and the favourites as one file.

    Painted one after the other, with what the critic says of it; written whole, gone if `progress` raises.
    """
    if not 1 <= len(favourites) <= MOST:
        raise StudioError(f"A zip holds 1 to {MOST} pictures, not {len(favourites)}.")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    with whole(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for number, favourite in enumerate(favourites, start=1):
            rendering = studio.render(favourite.recipe, critic="raw")
            recipe, reading = rendering.recipe, rendering.critic
            name = f"{number:04} {_plain(favourite.name or caption(recipe))}.png"
            archive.writestr(name, to_png(rendering))
            height, width = rendering.picture.shape[:2]
            critic = (
                ("", "", "")
                if reading is None
                else (f"{reading.logit:.4f}", _number(reading.percentile_real), _number(reading.percentile_generated))
            )
            row = (name, favourite.name, recipe.model, recipe.version, recipe.label or "", recipe.seed, recipe.psi)
            writer.writerow(
                [_cell(value) for value in (*row, width, height, *critic, rendering.provenance.attribution)]
            )
            if progress is not None:
                progress(number / len(favourites))
        archive.writestr("pictures.csv", table.getvalue())
        archive.writestr("favourites.json", to_text(favourites[:500]))
    return path


COLUMNS = (
    "file", "name", "model", "version", "class", "seed", "truncation", "width", "height",
    "critic_logit", "critic_percentile_real", "critic_percentile_generated", "attribution",
)  # fmt: skip


def caption(recipe: Recipe) -> str:
    """A picture's class, if it has one, and its seed."""
    what = "own latent" if recipe.latent is not None else str(recipe.seed)
    return f"{recipe.label.replace('_', ' ')} {what}" if recipe.label else what


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    while len(text) > 1 and font.getlength(text) > width:
        text = text.rstrip("…")[:-1] + "…"
    return text


def _latin(text: str) -> str:
    """What the fonts that every PDF reader has can show."""
    swapped = text.replace("ψ", "psi").replace("…", "...").replace("–", "-").replace("’", "'")
    return swapped.encode("latin-1", "replace").decode("latin-1")


def _plain(text: str) -> str:
    """A name that every system takes for a file."""
    kept = "".join(c if c.isalnum() or c in " -_" else "_" for c in text)
    return kept.strip()[:60] or "picture"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets a quote before it."""
    return (
        f"'{value}"
        if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") and not _is_number(value)
        else value
    )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
