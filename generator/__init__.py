"""Networks, latents, checkpoints and the critic: torch in, torch out.

What other rooms ask for is here or in the `__init__` of a sub-room: `families.stylegan2`, `families.stylegan3`,
`storage`, `formats`, `measuring`, `companions`.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see docs/measured.md

from .calibration import Calibration
from .differentiable import Differentiable, differentiable
from .directions import Direction, closed_form_directions
from .errors import CheckpointError, FeatureError, GeneratorError, LatentError
from .families.stylegan2 import Critic, CriticConfig, Generator, GeneratorConfig
from .family import Averages, Layer, Transform
from .latents import MAX_SEED, draw_z
from .model import PRECISIONS, Model, Provenance
from .noise import Noise
from .storage import list_checkpoints, open_checkpoint, save_checkpoint
from .storage.conversion import Say, architecture, content_hash, is_content_hash, quietly
from .storage.conversion import convert as convert_checkpoint

__all__ = [
    "MAX_SEED",
    "PRECISIONS",
    "Averages",
    "Calibration",
    "CheckpointError",
    "Critic",
    "CriticConfig",
    "Differentiable",
    "Direction",
    "FeatureError",
    "Generator",
    "GeneratorConfig",
    "GeneratorError",
    "LatentError",
    "Layer",
    "Model",
    "Noise",
    "Provenance",
    "Say",
    "Transform",
    "architecture",
    "content_hash",
    "convert_checkpoint",
    "differentiable",
    "closed_form_directions",
    "draw_z",
    "is_content_hash",
    "list_checkpoints",
    "open_checkpoint",
    "quietly",
    "save_checkpoint",
]
