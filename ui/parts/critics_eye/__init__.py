"""The critic's eye on the plate: which parts of the picture raise or lower its logit, laid over it by a key."""

from __future__ import annotations

from typing import Any

import gradio as gr

from classroom import ClassroomError, look, places, veil
from studio import Studio, data_url

from ...controls import ControlSet
from ...requests import ServerFunction, answering, field_of
from .. import part

FINE = 256  # px of what is laid over the plate


def critics_eye(studio: Studio, controls: ControlSet) -> gr.HTML:
    """A button, a sentence, and what they lay over the plate; looks only when asked, since it judges fifty pictures."""
    return part("critics_eye", server=[eye_function(studio, controls)])


def eye_function(studio: Studio, controls: ControlSet) -> ServerFunction:
    """What the part asks of the server: controls' values in, two veils and a sentence out."""

    def eye(request: Any) -> dict[str, Any]:
        try:
            found = look(studio, controls.recipe(field_of(request, "values")))
        except ClassroomError as error:
            return {"error": str(error)}
        most, least = places(found.occlusion)
        hidden, light = (data_url(*veil(values), at_least=FINE) for values in (found.occlusion, found.gradient))
        return {
            "hidden": hidden,
            "light": light,
            "words": f"Hiding the {most} would cost this picture most with the critic; hiding the {least} least.",
        }

    return answering(eye)
