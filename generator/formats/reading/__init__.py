"""Files of torch, NVIDIA and safetensors as plain values: nothing in them is imported or run."""

from .content import Content, Inert, Persistent, read_content

__all__ = ["Content", "Inert", "Persistent", "read_content"]
