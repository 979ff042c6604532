"""Take over the colours of another picture."""

import numpy as np

from postprocess.arrays import Image
from postprocess.colour import from_lab, mix, to_lab
from postprocess.parameters import number, profile_text
from postprocess.profiles import measure, read_profile
from postprocess.registry import step


@step(
    profile_text("profile", "Reference"),
    number("strength", "Strength", 1.0, 0, 1, 0.01),
    title="Colours of another picture",
    term="linear colour transfer",
    group="colour",
    order=100,
    summary="Gives the picture the colours and contrast of a reference picture; without one it changes nothing.",
    neutral={"profile": ""},
)
def match_reference(image: Image, *, profile: str, strength: float) -> Image:
    """Move mean and covariance in L*a*b* onto the reference's by the linear map that moves colours least.

    Pitié & Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer".
    """
    wanted = read_profile(profile)
    if wanted is None:  # empty: no reference chosen
        return image
    mean, covariance = measure(image)
    root = _power(covariance, 0.5)
    inverse = _power(covariance, -0.5)
    transfer = inverse @ _power(root @ wanted.covariance @ root, 0.5) @ inverse
    offset = wanted.mean - transfer @ mean
    moved = to_lab(image) @ transfer.T.astype(np.float32) + offset.astype(np.float32)
    return mix(image, from_lab(moved), strength)


def _power(symmetric: np.ndarray, exponent: float) -> np.ndarray:
    """A positive definite matrix to a real power."""
    values, vectors = np.linalg.eigh(symmetric)
    return (vectors * values**exponent) @ vectors.T
