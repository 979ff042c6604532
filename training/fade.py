"""A grown critic's kept blocks see the old stem's view, then, little by little, the new layers' (Karras 2018, §2)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from generator.families.stylegan2 import Conv, Critic


class Fade:
    """The fading-in of a critic's stem and first block, from the moment it grew; hooks on the critic while it lasts."""

    def __init__(self, critic: Critic, since: int, pictures: int, stem: dict[str, Tensor]) -> None:
        """`since`: pictures seen when it grew. `pictures`: how many it takes. `stem`: the old stem's weights, kept."""
        config = critic.config
        device = next(critic.parameters()).device
        width = config.channels(config.block_resolutions[1])
        self.since, self.pictures, self.amount = since, pictures, 0.0
        self.stem = Conv(config.img_channels, width, 4, stride=2, padding=1, activate=True).to(device)
        self.stem.load_state_dict(stem)
        self.stem.requires_grad_(False)
        self._images: Tensor | None = None
        self._hooks = [
            critic.stem.register_forward_pre_hook(self._remember),
            critic.blocks[0].register_forward_hook(self._blend),
        ]

    def update(self, pictures: int) -> bool:
        """Set the amount for this count of pictures; False, and the critic is its own, when the fade is over."""
        self.amount = min(max((pictures - self.since) / self.pictures, 0.0), 1.0)
        if self.amount < 1:
            return True
        for hook in self._hooks:
            hook.remove()
        return False

    def state(self) -> dict[str, Any]:
        """What a run saves of it; `Fade(critic, pictures=…, **state)` is its like."""
        return {"since": self.since, "stem": self.stem.state_dict()}

    def _remember(self, _: Any, arguments: tuple[Tensor, ...]) -> None:
        self._images = arguments[0]

    def _blend(self, _: Any, __: Any, new: Tensor) -> Tensor:
        assert self._images is not None
        old = self.stem(F.avg_pool2d(self._images, 2))
        return torch.lerp(old, new, self.amount)
