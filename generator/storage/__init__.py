"""Checkpoints of this project: files, their headers, opening and writing. `conversion` makes them of other people's."""

from generator.weights import load_into

from .checkpoint import list_checkpoints, open_checkpoint, save_checkpoint
from .class_names import SUFFIXES as NAME_SUFFIXES
from .class_names import read_class_names
from .drafts import drop_drafts, sweep_drafts, whole, write_whole
from .headers import CRITIC_FILE, GENERATOR_FILE, check_name
from .network_file import kind_of, read_network, write_network

__all__ = [
    "CRITIC_FILE",
    "GENERATOR_FILE",
    "NAME_SUFFIXES",
    "check_name",
    "kind_of",
    "list_checkpoints",
    "load_into",
    "open_checkpoint",
    "read_class_names",
    "read_network",
    "save_checkpoint",
    "drop_drafts",
    "sweep_drafts",
    "whole",
    "write_network",
    "write_whole",
]
