"""The StyleGAN2 family: what the house models are, and what is trained here.

`layers` and `networks` are the trainable form, read beside the papers; `engine` is the same in the form that is fast on
a processor, `incremental` what it keeps from picture to picture.
"""

from .config import CriticConfig, GeneratorConfig
from .layers import Conv, blur, fir_kernel, interleave, minibatch_std, upsample_rgb
from .networks import Critic, Generator, Mapping

__all__ = [
    "Conv",
    "Critic",
    "CriticConfig",
    "Generator",
    "GeneratorConfig",
    "Mapping",
    "blur",
    "fir_kernel",
    "interleave",
    "minibatch_std",
    "upsample_rgb",
]
