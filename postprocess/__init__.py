"""Post-processing: filters, regions and colour, as pure functions on float32 RGB pictures H×W×3 in [0, 1].

    stages = apply(picture, [StepUse("saturation", parameters={"amount": 1.4})], lambda: find_regions(picture))

`STEPS` lists what there is and `schema()` says it in JSON. A new step is one new file in `postprocess/steps/`.
"""

from postprocess.errors import PostprocessError
from postprocess.pipeline import Stage, StepUse, apply, schema
from postprocess.profiles import profile
from postprocess.regions import Regions, find_regions
from postprocess.registry import Step
from postprocess.steps import STEPS

__all__ = [
    "STEPS",
    "PostprocessError",
    "Regions",
    "Stage",
    "Step",
    "StepUse",
    "apply",
    "find_regions",
    "profile",
    "schema",
]
