"""The steps, one short module each. A new module here that holds a step is found by itself."""

from __future__ import annotations

from collections.abc import Mapping

from postprocess.registry import Step, discover

STEPS: Mapping[str, Step] = discover(__name__, __path__)
