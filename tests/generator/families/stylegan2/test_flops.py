"""The stated work of a generator against what torch counts."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from generator import Generator, GeneratorConfig
from tests.generator.build import GENERATORS


@pytest.mark.parametrize("config", GENERATORS.values(), ids=GENERATORS)
def test_flops_are_what_torch_counts(config: GeneratorConfig):
    network = Generator(config).synthesis
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, config.num_ws, config.w_dim))
    counted = sum(n for op, n in counter.get_flop_counts()["Global"].items() if "convolution" in str(op))
    # torch also counts the 4×4 low-pass filters, one kernel a channel, and the smooth head's of 5×5: leave them out as
    # the configuration does.
    blurs = sum(2 * 16 * config.channels(size) * size * size for size in config.block_resolutions[1:])
    blurs += 2 * 25 * config.img_channels * config.resolution**2 * (config.head == "smooth")
    assert config.flops == counted - blurs
