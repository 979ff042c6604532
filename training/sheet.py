"""The sample sheet: the first 64 seeds, unpicked, classes in turn."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from generator import draw_z
from generator.families.stylegan2 import Generator

QUALITY = 54  # of JPEG: a sheet is looked at, not measured, and every version of it stays in the repository


@torch.inference_mode()
def first_seeds(network: Generator, count: int = 64, psi: float = 1.0) -> Tensor:
    """Pictures of seeds 0 … count−1, N×C×H×W in [−1, 1] (not clipped); seed i has class i mod the number of classes."""
    config = network.config
    device = network.w_avg.device
    pictures = []
    for start in range(0, count, 16):
        seeds = range(start, min(start + 16, count))
        z = torch.stack([draw_z(seed, config.z_dim) for seed in seeds]).to(device)
        label = None
        if config.num_classes:
            label = torch.eye(config.num_classes, device=device)[[seed % config.num_classes for seed in seeds]]
        w = network.mapping(z, label)
        w = network.w_avg + (w - network.w_avg) * psi
        pictures.append(network.synthesis(w[:, None].expand(-1, config.num_ws, -1)).cpu())
    return torch.cat(pictures)


def write_sheet(pictures: Tensor, path: Path, columns: int = 8, enlarge: int = 1) -> None:
    """Lay N×C×H×W pictures in [−1, 1] out in rows and save them."""
    grid = make_grid((pictures.clamp(-1, 1) + 1) / 2, nrow=columns, padding=0)
    image = to_pil_image(grid)
    if enlarge > 1:
        image = image.resize((image.width * enlarge, image.height * enlarge), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=QUALITY, optimize=True, progressive=True)
