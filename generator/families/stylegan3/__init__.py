"""StyleGAN3, the alias-free generator, with StyleGAN2's discriminator."""

from .config import LayerShape, StyleGAN3Config
from .networks import AliasFreeLayer, StyleGAN3, input_transform

__all__ = ["AliasFreeLayer", "LayerShape", "StyleGAN3", "StyleGAN3Config", "input_transform"]
