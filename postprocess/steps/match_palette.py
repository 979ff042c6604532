"""Repaint the picture with a named palette."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_hex, from_lab, mix, to_lab
from postprocess.parameters import choice, number
from postprocess.registry import step

# Paper first, ink last; between them what the plate is painted with.
PALETTES: dict[str, tuple[str, ...]] = {
    "botanical plate": ("#f6eedb", "#e2b45a", "#c2523c", "#8a9a5b", "#4f6b46", "#2d2a26"),
    "indigo and ochre": ("#f4ead5", "#e3b866", "#b9772c", "#7f93b2", "#3a5184", "#161d33"),
    "cyanotype": ("#f1f5f3", "#b8cfda", "#6f9bbb", "#33658f", "#143c63", "#081d36"),
    "faded fresco": ("#f3e9df", "#e5bfa6", "#c98f86", "#a9b39a", "#7d8ca3", "#51465a"),
    "autumn wood": ("#f5ead0", "#e7a93b", "#c8612a", "#8e3b24", "#6b6a35", "#2b2119"),
    "night garden": ("#c9d3c0", "#8fb28a", "#d08aa0", "#4f7a78", "#34456e", "#12152b"),
    "sepia": ("#f7ecd8", "#dfc49b", "#b78d60", "#855c38", "#523420", "#26160d"),
}


@step(
    choice("palette", "Palette", "indigo and ochre", tuple(PALETTES)),
    number("strength", "Strength", 0.9, 0, 1, 0.01),
    title="Repaint in a palette",
    term="palette transfer",
    group="colour",
    order=90,
    summary="Repaints the picture with the colours of a chosen palette, each with the one nearest to it.",
    neutral={"strength": 0.0},
)
def match_palette(image: Image, *, palette: str, strength: float) -> Image:
    """Soft assignment in L*a*b*: the nearer a palette colour, the more of it; the picture's lightness shows through.

    First a* and b* are given the palette's mean and spread (Reinhard et al. 2001), so that all its colours are used.
    """
    # Plane by plane: sums and products over a short last axis would take three times as long.
    light, *hue = np.ascontiguousarray(np.moveaxis(to_lab(image), -1, 0))
    paints = to_lab(np.stack([from_hex(colour) for colour in PALETTES[palette]]))
    red, yellow = (
        (plane - plane.mean()) * np.minimum(paint.std() / np.maximum(plane.std(), 4), 1.5) + paint.mean()
        for plane, paint in zip(hue, paints.T[1:], strict=True)
    )
    # −|p − c|²/2 for each paint c, up to |p|²/2, which is the same for all of them.
    nearness = np.stack([light * c[0] + red * c[1] + yellow * c[2] - (c @ c) / 2 for c in paints])
    weight = np.exp((nearness - nearness.max(axis=0)) / np.float32(9.0**2))  # paints 9 ΔE apart still mix
    weight /= weight.sum(axis=0)
    painted = [sum(w * c for w, c in zip(weight, column, strict=True)) for column in paints.T]
    painted[0] = mix(painted[0], light, 0.55)
    return mix(image, from_lab(np.stack(painted, axis=-1)), strength)
