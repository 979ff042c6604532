"""Plain words for principal directions: move along each, measure what changes most in the picture, say that."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from generator import Direction, Model, draw_z

# What is measured, and the words for less ↔ more of it.
WORDS = {
    "lightness": ("darker", "lighter"),
    "warmth": ("cooler", "warmer"),
    "redness": ("greener", "redder"),
    "colourfulness": ("paler", "more colourful"),
    "contrast": ("softer", "stronger contrast"),
    "size": ("smaller", "larger"),
    "height": ("lower", "higher"),
    "detail": ("smoother", "more detailed"),
    "background": ("darker background", "lighter background"),
    "spread": ("gathered", "spread out"),
}
OF_COLOUR = ("warmth", "redness", "colourfulness")  # nothing that a grey picture has
LEAST = 0.004  # a level of 8 bits: what varies by less over pictures is not seen, however much a direction adds to it


def picture_features(x: Tensor) -> dict[str, Tensor]:
    """Simple measures of pictures N×3×H×W (or N×1×H×W, grey) in [−1, 1], each [N].

    The background is taken to be the border's median colour.
    """
    x = ((x + 1) / 2).clamp(0, 1).expand(-1, 3, -1, -1)
    r, g, b = x.unbind(1)
    grey = 0.299 * r + 0.587 * g + 0.114 * b
    n, side = grey.shape[0], grey.shape[1]
    rim = max(side // 16, 1)
    border = torch.cat([x[:, :, :rim].flatten(2), x[:, :, -rim:].flatten(2), x[:, :, :, :rim].flatten(2)], dim=2)
    background = border.median(dim=2).values  # N×3
    subject = torch.sigmoid(((x - background[:, :, None, None]).abs().mean(dim=1) - 0.12) * 40)  # N×H×W
    area = subject.mean(dim=(1, 2)) + 1e-6
    ys = torch.linspace(-1, 1, side)[None, :, None]
    xs = torch.linspace(-1, 1, side)[None, None, :]
    centre_y = (subject * ys).mean(dim=(1, 2)) / area
    centre_x = (subject * xs).mean(dim=(1, 2)) / area
    distance = (ys - centre_y.view(n, 1, 1)).square() + (xs - centre_x.view(n, 1, 1)).square()
    blurred = F.avg_pool2d(grey[:, None], 3, 1, 1)[:, 0]

    def within(values: Tensor) -> Tensor:
        return (values * subject).mean(dim=(1, 2)) / area

    return {
        "lightness": within(grey),
        "warmth": within((r + g) / 2 - b),
        "redness": within(r - g),
        "colourfulness": within(x.amax(dim=1) - x.amin(dim=1)),
        "contrast": grey.flatten(1).std(dim=1),
        "size": area,
        "height": -centre_y,
        "detail": (grey - blurred).abs().mean(dim=(1, 2)),
        "background": background.mean(dim=1),
        "spread": (subject * distance).mean(dim=(1, 2)) / area,
    }


def name_directions(
    model: Model,
    directions: list[Direction],
    labels: Callable[[int], int | None],
    *,
    count: int = 48,
    amount: float = 2.0,
) -> list[Direction]:
    """The same directions with titles, turned so that the leading change is towards more.

    Moves `count` pictures by ±`amount` standard deviations and compares the mean change of each measure with its
    spread over unmoved pictures. `labels(i)`: the class of the i-th picture.
    """
    z = torch.stack([draw_z(seed, model.z_dim) for seed in range(count)])
    chosen = [labels(i) for i in range(count)]
    ws = model.map(z, None if None in chosen else [c for c in chosen if c is not None], psi=0.7)
    pictures = model.synthesize(ws)
    plain = picture_features(pictures)
    measures = [key for key in WORDS if pictures.shape[1] == 3 or key not in OF_COLOUR]
    taken: set[str] = set()
    named = []
    for direction in directions:
        step = direction.vector.to(ws.device) * (direction.sigma * amount)
        more, less = picture_features(model.synthesize(ws + step)), picture_features(model.synthesize(ws - step))
        effect = {key: float((more[key] - less[key]).mean() / (plain[key].std() + LEAST)) for key in measures}
        title, sign = title_of(effect, taken)
        taken.add(title)
        named.append(Direction(direction.name, title, direction.vector * sign, direction.sigma))
    return named


def title_of(effect: dict[str, float], taken: set[str]) -> tuple[str, float]:
    """A title for a direction with these effects, and the sign that makes it point towards more of what it says.

    The strongest effect gives the words; if an earlier direction has them, the next strongest that is at least a third
    of it; if there is none, the strongest together with the next that makes a new title.
    """
    ranked = sorted(effect, key=lambda key: -abs(effect[key]))
    for key in ranked:
        title = " ↔ ".join(WORDS[key])
        if title not in taken and abs(effect[key]) >= abs(effect[ranked[0]]) / 3:
            return title, 1.0 if effect[key] >= 0 else -1.0
    first = ranked[0]
    sign = 1.0 if effect[first] >= 0 else -1.0
    low, high = WORDS[first]
    title = f"{low} ↔ {high}"
    for second in ranked[1:]:
        also_low, also_high = WORDS[second] if effect[second] * sign >= 0 else WORDS[second][::-1]
        title = f"{low}, {also_low} ↔ {high}, {also_high}"
        if title not in taken:
            break
    return title, sign
