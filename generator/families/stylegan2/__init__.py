"""The StyleGAN2 family: what the house models are, and what is trained here.

`layers` and `networks` are the trainable form, read beside the papers; `engine` is the same in the form that is fast on
a processor, `incremental` what it keeps from picture to picture.
"""

from .config import CriticConfig, GeneratorConfig, channels_at
from .encoder import Encoder, EncoderConfig
from .family import StyleGAN2, stylegan2_of
from .larger import AROUND, can_paint_larger, paint_larger
from .layers import (
    SLOPE,
    Conv,
    ModulatedConv,
    blur,
    depthwise,
    fir_kernel,
    interleave,
    minibatch_std,
    module_list,
    upsample_rgb,
)
from .networks import Critic, CriticBlock, Generator, Mapping

__all__ = [
    "AROUND",
    "SLOPE",
    "Conv",
    "Critic",
    "CriticBlock",
    "CriticConfig",
    "Encoder",
    "EncoderConfig",
    "Generator",
    "GeneratorConfig",
    "Mapping",
    "ModulatedConv",
    "StyleGAN2",
    "blur",
    "can_paint_larger",
    "depthwise",
    "channels_at",
    "fir_kernel",
    "interleave",
    "minibatch_std",
    "module_list",
    "paint_larger",
    "stylegan2_of",
    "upsample_rgb",
]
