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
    lab = to_lab(image)
    paints = to_lab(np.stack([from_hex(colour) for colour in PALETTES[palette]]))
    moved = lab.copy()
    hues = lab[..., 1:].reshape(-1, 2)
    spread = paints[:, 1:].std(axis=0) / np.maximum(hues.std(axis=0), 4)
    moved[..., 1:] = (lab[..., 1:] - hues.mean(axis=0)) * np.minimum(spread, 1.5) + paints[:, 1:].mean(axis=0)
    planes = np.ascontiguousarray(np.moveaxis(moved, -1, 0))  # sums over a short last axis are slow
    distance = np.stack([((planes - paint[:, None, None]) ** 2).sum(axis=0) for paint in paints])
    weight = np.exp((distance.min(axis=0) - distance) / np.float32(2 * 9.0**2))
    painted = np.einsum("khw,kc->hwc", weight / weight.sum(axis=0), paints)
    painted[..., 0] = mix(painted[..., 0], lab[..., 0], 0.55)
    return mix(image, from_lab(painted), strength)
