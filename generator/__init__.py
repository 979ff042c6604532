"""Networks, latents, checkpoints and the critic: torch in, torch out."""

from .calibration import Calibration
from .checkpoint import list_checkpoints, open_checkpoint, save_checkpoint
from .config import CriticConfig, GeneratorConfig
from .directions import Direction
from .errors import CheckpointError, GeneratorError, LatentError
from .latents import MAX_SEED, draw_z
from .model import PRECISIONS, Averages, Layer, Model, Provenance
from .networks import Critic, Generator

__all__ = [
    "MAX_SEED",
    "PRECISIONS",
    "Averages",
    "Calibration",
    "CheckpointError",
    "Critic",
    "CriticConfig",
    "Direction",
    "Generator",
    "GeneratorConfig",
    "GeneratorError",
    "LatentError",
    "Layer",
    "Model",
    "Provenance",
    "draw_z",
    "list_checkpoints",
    "open_checkpoint",
    "save_checkpoint",
]
