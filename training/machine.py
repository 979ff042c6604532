"""What a training runs on, in words: for the records that stand beside its figures."""

from __future__ import annotations

import platform

import torch


def machine(device: torch.device | str = "cpu") -> str:
    """Processor, device, threads, version of torch."""
    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else str(device)
    return f"{platform.machine()}, {name}, {torch.get_num_threads()} threads, torch {torch.__version__}"
