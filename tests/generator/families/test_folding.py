"""Folded convolutions give what the steps that were folded gave."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from generator.families.folding import FixedConv, one_by_one, upsampling_kernel


@pytest.mark.parametrize("side", [1, 2, 5])
def test_one_transposed_convolution_doubles_and_convolves(side: int):
    weight, bias = torch.randn(3, 4, 3, 3, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    x = torch.randn(2, 4, side, side, dtype=torch.float64)
    doubled = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    expected = F.conv2d(doubled, weight, bias, padding=1)
    folded = F.conv_transpose2d(x, upsampling_kernel(weight), bias, stride=2, padding=1)
    assert torch.allclose(folded, expected, atol=1e-12)


def test_a_prepared_convolution_computes_in_its_type_and_keeps_its_weights():
    conv = FixedConv(torch.randn(3, 4, 3, 3), torch.randn(3), padding=1)
    x = torch.randn(1, 4, 5, 5)
    exact = conv(x)
    conv.prepare(torch.bfloat16)
    assert conv(x).dtype == torch.bfloat16
    conv.prepare(torch.float32)
    assert torch.equal(conv(x), exact)
    assert not any(parameter.requires_grad for parameter in conv.parameters())


def test_its_work_is_that_of_its_products():
    assert FixedConv(torch.randn(3, 4, 3, 3), None, padding=1).flops(5) == 2 * 3 * 4 * 9 * 25


def test_rows_are_taken_one_by_one():
    seen: list[int] = []

    def square(row: torch.Tensor) -> torch.Tensor:
        seen.append(len(row))
        return row.square()

    x = torch.randn(3, 2)
    assert torch.equal(one_by_one(square, x), x.square())
    assert seen == [1, 1, 1]
