"""Take home: the picture on the plate as a print, a cut-out, a palette, or what a trade wants of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio import Studio, StudioError, data_url
from studio.tools.enlarge import methods
from studio.tools.palette import MOST, WRITERS, swatches
from studio.tools.prints import FACTOR_NAMES, laid_out, print_from_json, write_print
from studio.tools.take_home import BLEED, DPI, FITS, KINDS, SIZES
from studio.tools.trades import TRADES, over_white, pack

from ...controls import ControlSet
from ...handing_out import MOST_BYTES, file_answer, made_file
from ...requests import ServerFunction, answering, field_of
from ...stopping import progress_function
from ...waiting import Waiting
from .. import part

VIEW = 256  # px, to which smaller pictures are enlarged on the sheet that is shown


def home(studio: Studio, controls: ControlSet) -> gr.HTML:
    """The part on the page of one model."""
    settings = {
        "sizes": [*FACTOR_NAMES, *SIZES],
        "millimetres": SIZES,
        "kinds": KINDS,
        "fits": FITS,
        "methods": methods(),
        "dpi": DPI,
        "bleed": BLEED,
        "palettes": [*WRITERS],
        "colours": MOST,
        "trades": [
            {"name": name, "title": trade.title, "says": trade.says, "choices": trade.choices}
            for name, trade in TRADES.items()
        ],
    }
    return part("home", server=home_functions(studio, controls), settings=settings)


def home_functions(studio: Studio, controls: ControlSet) -> list[ServerFunction]:
    """What the part asks of the server. A print travels as an object with the fields of `Print`."""
    waiting = Waiting()

    def sheet(request: Any) -> dict[str, Any]:
        wish = print_from_json(field_of(request, "print"))
        rendering, layout = laid_out(studio, controls.recipe(field_of(request, "values")), wish)
        return {
            **layout.__dict__,
            "picture": data_url(rendering.picture, rendering.alpha, at_least=VIEW),
            "opaque": rendering.alpha is None,
            "caption": rendering.specimen,
        }

    def print_file(request: Any) -> dict[str, Any]:
        recipe, wish = controls.recipe(field_of(request, "values")), print_from_json(field_of(request, "print"))
        _, layout = laid_out(studio, recipe, wish)
        if (size := layout.width * layout.height * 2) > MOST_BYTES:  # a third of its bytes: no packer does better
            raise StudioError(f"This print would be larger than {size >> 20} MB: choose a lower resolution.")
        name = f"{controls.model}-{wish.size.replace('×', 'x')}.{'tif' if wish.kind == 'tiff' else 'png'}"
        with waiting.job(field_of(request, "job")) as hear:
            return made_file(
                "".join(c if c.isalnum() or c in ".-" else "-" for c in name),
                lambda path: write_print(studio, recipe, wish, path, hear),
            )

    def palette(request: Any) -> dict[str, Any]:
        rendering = studio.render(controls.recipe(field_of(request, "values")), critic="none")
        count, kind = field_of(request, "count"), request.get("kind")
        if type(count) is not int or kind not in (None, *WRITERS):
            raise StudioError("This request does not come from this page; reload it.")
        found = swatches(over_white(rendering), count)
        if kind is not None:
            return file_answer(f"{controls.model}-palette.{kind}", WRITERS[kind](found, rendering.specimen))
        return {"colours": [{"hex": each.hex, "share": each.share} for each in found]}

    def trade(request: Any) -> dict[str, Any]:
        recipe = controls.recipe(field_of(request, "values"))
        name, choices = field_of(request, "trade"), field_of(request, "choices")
        if name not in TRADES or not isinstance(choices, dict):
            raise StudioError(f"A trade is one of {', '.join(TRADES)}.")
        with waiting.job(field_of(request, "job")) as hear:
            return made_file(
                f"{controls.model}-{name.replace(' ', '-')}.zip",
                lambda path: pack(studio, recipe, name, path, choices, hear),
            )

    return [answering(function) for function in (sheet, print_file, palette, trade, progress_function(waiting))]
