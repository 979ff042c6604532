"""Find the subject: fruit, leaves and halves painted on paper, told from paper, shadow, pencil frame and handwriting.

No learned model: the paper is read off the picture's border, and what a closed outline or a foreign colour separates
from that border is the subject. All lengths are in pixels of a working copy of at most 128 pixels a side, all colour
differences in CIE L*a*b* (ΔE).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling
from scipy import ndimage

from postprocess.arrays import Image, Mask, resample
from postprocess.colour import to_lab
from postprocess.smoothing import blur

Flags = NDArray[np.bool_]
Array = NDArray[np.float32]

WORKING_SIDE = 128
EIGHT = np.ones((3, 3), bool)  # neighbours also across corners

SURE = 0.9  # evidence (see `_evidence`) from which a pixel belongs to the subject
LIKELY = 0.6  # and from which it does within the hull of sure ones
SMALL_DISC = 3.0  # below this radius a structuring element is faster than the distance transform
STRONG = 9.0  # ΔE from paper that no stain or compression noise reaches; a subject must have some of it


def find_subject(image: Image) -> Mask:
    """H×W×3 in [0, 1] → H×W in [0, 1], 1 where the subject is, with a soft edge; all 0 where there is none to find."""
    height, width = image.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    small = image
    if scale < 1:
        small = resample(image, max(1, round(height * scale)), max(1, round(width * scale)), Resampling.BOX)
    mask = _subject_on_mount(to_lab(np.clip(small, 0.0, 1.0)))
    if mask.shape != (height, width):
        mask = resample(mask, height, width, Resampling.BICUBIC)
    return np.clip(mask, 0.0, 1.0)


def _subject_on_mount(lab: Array) -> Mask:
    """The subject of the picture, or, if a sheet of paper lies on a mount of another colour, of that sheet."""
    sheet = _sheet(lab)
    if sheet is None:
        return _subject_on_paper(lab)
    mount = lab.copy()
    rows, columns = sheet
    mount[max(0, rows.start - 5) : rows.stop + 5, max(0, columns.start - 5) : columns.stop + 5] = _border_colour(lab)
    mask = _subject_on_paper(mount)
    mask[sheet] = _subject_on_paper(lab[sheet])
    return mask


def _sheet(lab: Array) -> tuple[slice, slice] | None:
    """Rows and columns of a rectangular sheet with edges of plain paper that lies on a mount, if there is one."""
    unlike = np.linalg.norm(blur(lab, 0.7) - _border_colour(lab), axis=-1)
    for threshold in (3, 4, 5, 7, 10):  # ΔE between mount and sheet: from card on card to white on grey
        labels, count = ndimage.label(_square_opening(ndimage.binary_fill_holes(unlike > threshold)))
        if not count:
            return None
        largest = int(np.argmax(np.bincount(labels.ravel())[1:]))
        rows, columns = ndimage.find_objects(labels)[largest]
        rows, columns = slice(rows.start + 2, rows.stop - 2), slice(columns.start + 2, columns.stop - 2)
        inside = labels[rows, columns] == largest + 1
        if inside.size < 0.15 * labels.size or inside.mean() < 0.94:  # an ellipse fills π/4 of its box, a sheet all
            continue
        edge = lab[rows, columns][_border(*inside.shape)]
        plain = np.linalg.norm(edge - np.median(edge, axis=0), axis=-1) < 6
        if plain.mean() > 0.75:
            return rows, columns
    return None


def _square_opening(mask: Flags) -> Flags:
    """Without what is thinner than 9 pixels across or down."""
    thick = ndimage.minimum_filter(mask.astype(np.uint8), 9, mode="nearest")
    return ndimage.maximum_filter(thick, 9, mode="nearest").astype(bool)


def _subject_on_paper(lab: Array) -> Mask:
    lab = _without_noise(lab)
    smooth = blur(lab, 0.7)
    ground = _against_paper(smooth)
    evidence = _evidence(smooth, ground.difference)
    sure = _opening(evidence > SURE, 2.5)
    body = sure | (_opening(evidence > LIKELY, 4) & _closing(sure, 18))
    body = _without_shadow(body, ground)
    # Stems and twigs are thinner than the opening above; what is of another colour and touches the body comes back.
    body = _touching(body | (ground.difference > 9), body)
    return _matte(lab, _main_parts(_peel(lab, body, ground.difference), ground.difference))


def _without_noise(lab: Array) -> Array:
    """Blur a picture whose paper is grainy, as those of a generator in early training are; leave a clean one alone."""
    grain = np.linalg.norm(lab - blur(lab, 1), axis=-1)
    level = float(np.median(grain[_border(*grain.shape)]))  # painted paper: 0.9 ΔE at the most
    return blur(lab, min(level / 2, 4)) if level > 1.2 else lab


@dataclass(frozen=True)
class _Ground:
    difference: Array  # ΔE from the paper at that place, a cast shadow discounted
    shadow: Flags  # darker than the paper, but of its hue


def _against_paper(lab: Array) -> _Ground:
    """Compare each pixel with the paper there: a plane through the border's colours, outliers left out."""
    height, width = lab.shape[:2]
    border = _border(height, width)
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y], axis=-1)
    samples = lab[border]
    spread = np.linalg.norm(samples - np.median(samples, axis=0), axis=1)
    paper_like = spread <= max(3 * float(np.median(spread)), 2.0)
    design, colours = terms[border][paper_like], samples[paper_like]
    # Normal equations with a touch of ridge: always solvable, also where all that is paper-like lies on one line.
    plane = np.linalg.solve(design.T @ design + 1e-6 * np.eye(3), design.T @ colours)
    paper = (terms @ plane).astype(np.float32)

    lightness = lab[..., 0] - paper[..., 0]
    hue, paper_hue = lab[..., 1:], paper[..., 1:]
    # Shade on cream paper goes towards neutral grey: between the paper's a*b* and 0 there is no difference in hue.
    share = np.clip((hue * paper_hue).sum(-1) / np.maximum((paper_hue**2).sum(-1), 1e-3), 0, 1)
    share = np.where(lightness < 0, share, np.float32(1.0))
    chroma = np.linalg.norm(hue - share[..., None] * paper_hue, axis=-1)
    darker = 0.6 * np.maximum(-lightness - 12, 0)  # the first 12 L* may be a shadow
    difference = np.sqrt(chroma**2 + darker**2 + np.maximum(lightness, 0) ** 2).astype(np.float32)
    # On blotchy paper it takes more to stand out: never more than 3 ΔE of "difference" on half of the border.
    difference *= np.float32(3) / max(float(np.median(difference[border])), 3.0)
    return _Ground(difference, (lightness < -5) & (lightness > -42) & (chroma < 6))


def _evidence(lab: Array, difference: Array) -> Array:
    """0 … 2: how hard it is to walk to the border without crossing an edge, or a colour unlike paper, 1 for each.

    Either alone errs: a frame ruled in pencil is an edge, a stain is another colour. The white flesh of a cut apple
    is hardly either, but its thin skin closes around it in both. (Filling of holes in grey tones, Vincent 1993; kin to
    the minimum barrier distance of Strand et al. 2013, which Zhang et al. 2015 use to find salient objects.)
    """
    slopes = [ndimage.sobel(lab[..., channel], axis) / 8 for channel in range(3) for axis in (0, 1)]  # ΔE a pixel
    edge: Array = np.sqrt(np.sum(np.square(slopes), axis=0)).astype(np.float32)
    closed, foreign = _least_barrier(edge / np.float32(4)), _least_barrier(difference / np.float32(10))
    both = np.minimum(closed, 1) + np.minimum(foreign, 1)
    return np.where((closed > 0.32) | (foreign > 1.2), both, 0)


def _least_barrier(height: Array) -> Array:
    """For each pixel the least, over all paths to the border, of the greatest value on the path; 0 … 1.25 by 1/16."""
    padded = np.pad(height, 1, constant_values=-1)  # a rim round the picture that every flood reaches
    barrier = np.zeros(padded.shape, np.float32)
    for level in range(20):
        # Flood from the rim all that is not above the level; what stays dry has a higher barrier.
        labels, _ = ndimage.label(padded <= level / 16, EIGHT)
        barrier += labels != labels[0, 0]
    return barrier[1:-1, 1:-1] / np.float32(16.0)


def _without_shadow(body: Flags, ground: _Ground) -> Flags:
    """Take off what is shadow or paper from the outside in; what skin or stone encloses stays."""
    outside = _touching(~body | ground.shadow, ~body)
    fringe = outside | (ground.difference < 3)  # the slope of an edge reaches two pixels over the paper
    outside = ndimage.binary_dilation(outside, iterations=2, mask=fringe)
    solid = _opening(~outside, 2.5)
    # A spike or neck of what is nearly paper is an artefact of compression, one of another colour a stem.
    return ndimage.binary_fill_holes(_opening(solid, 5) | (solid & (ground.difference > 5)))


def _peel(lab: Array, body: Flags, difference: Array) -> Flags:
    """Beside a strongly coloured fruit, take off the paper that compression has tinted, however deep it reaches."""
    for _ in range(2):
        share, contrast = _share_inside(lab, body, np.minimum(difference / 20, 1))
        tinted = (share < 0.3) & (contrast > 20) & (difference < np.maximum(7, contrast / 5))
        outside = _touching(~body | tinted, ~body)
        body = _opening(~outside, 1.5) & body
    return body


def _main_parts(body: Flags, difference: Array) -> Flags:
    """The connected parts that are at least 4 % of the largest and not only paper: no specks, no handwriting."""
    labels, count = ndimage.label(body)
    if not count:
        return body
    area = np.bincount(labels.ravel())
    strong = np.bincount(labels[difference > STRONG], minlength=count + 1)
    keep = (area >= 0.04 * area[1:].max()) & (strong >= np.maximum(12, 0.1 * area))
    keep[0] = False
    return keep[labels]


def _matte(lab: Array, body: Flags) -> Mask:
    """A soft edge: along the outline, how far each pixel lies from the colour outside towards the colour inside.

    The two colours are local averages, the share is the projection on the line between them (Ruzon & Tomasi 2000,
    reduced to one cluster a side); where they hardly differ, the blurred outline decides instead.
    """
    if not body.any() or body.all():
        return body.astype(np.float32)
    share, contrast = _share_inside(lab, body)
    flat = body.astype(np.float32)
    trust = (contrast / 9) ** 2  # colours 9 ΔE apart count as much as the outline itself
    share = np.clip((trust * share + blur(flat, 0.8)) / (trust + 1), 0, 1)
    share = np.where(_dilation(body, 2) & ~_erosion(body, 3.5), share, flat)
    core = _touching(ndimage.binary_fill_holes(share > 0.5), _erosion(body, 2))
    share = np.where(_erosion(core, 1.5), 1, share) * _dilation(core, 2)
    return blur(share.astype(np.float32), 0.5)


def _share_inside(lab: Array, body: Flags, weight: Array | float = 1.0) -> tuple[Array, Array]:
    """H×W each: where a colour lies between the local mean outside, 0, and inside, 1; and how many ΔE these differ."""
    inside = _local_mean(lab, weight * (_erosion(body, 3) + 0.02 * body))
    outside = _local_mean(lab, _erosion(~body, 1) + np.float32(0.001))
    axis = inside - outside
    square = (axis**2).sum(-1)
    return ((lab - outside) * axis).sum(-1) / np.maximum(square, 1e-3), np.sqrt(square)


def _local_mean(values: Array, weight: NDArray[np.floating[Any]]) -> Array:
    weight = weight.astype(np.float32)[..., None]
    total = blur(np.concatenate([values * weight, weight], axis=-1), 4)
    return total[..., :-1] / (total[..., -1:] + np.float32(1e-6))


def _border_colour(lab: Array) -> Array:
    return np.median(lab[_border(*lab.shape[:2])], axis=0)


def _border(height: int, width: int) -> Flags:
    """True on a ring along the border, 4 % of the longer side wide."""
    ring = max(1, round(0.04 * max(height, width)))
    border = np.ones((height, width), bool)
    border[ring:-ring, ring:-ring] = False
    return border


def _touching(allowed: Flags, seed: Flags) -> Flags:
    """The connected parts of `allowed` that share a pixel with `seed`."""
    labels, count = ndimage.label(allowed, EIGHT)
    hit = np.zeros(count + 1, bool)
    hit[labels[seed]] = True
    hit[0] = False
    return hit[labels]


# Morphology with a disc of any radius. What lies beyond the picture neither grows in nor eats away.


def _dilation(mask: Flags, radius: float) -> Flags:
    if radius < SMALL_DISC:
        return ndimage.binary_dilation(mask, _disc(radius))
    return ndimage.distance_transform_edt(~mask) <= radius if mask.any() else mask


def _erosion(mask: Flags, radius: float) -> Flags:
    if radius < SMALL_DISC:
        return ndimage.binary_erosion(mask, _disc(radius), border_value=1)
    return ndimage.distance_transform_edt(mask) > radius if not mask.all() else mask


@lru_cache
def _disc(radius: float) -> Flags:
    reach = np.arange(-int(radius), int(radius) + 1)
    return reach[:, None] ** 2 + reach**2 <= radius**2


def _opening(mask: Flags, radius: float) -> Flags:
    pad = int(radius) + 1  # with the edge repeated, so that a subject cut by the picture's edge is not eaten from there
    padded = np.pad(mask, pad, mode="edge")
    return _dilation(_erosion(padded, radius), radius)[pad:-pad, pad:-pad]


def _closing(mask: Flags, radius: float) -> Flags:
    pad = int(radius) + 1
    padded = np.pad(mask, pad)
    return _erosion(_dilation(padded, radius), radius)[pad:-pad, pad:-pad]
