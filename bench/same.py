"""Whether recipes still give the same pictures, bit for bit: before a change and after it, on one machine.

    python -m bench.same --write before.json      # in the state before
    python -m bench.same --against before.json    # in the state after; fails if anything differs

A fixed set of recipes over the models of a folder (classes, ψ, cutoff, centre, moves, mixes, noise, explicit latents,
every post-processing step and chains of them) is rendered in float32. The file holds each recipe as JSON, as a link and
as a saved picture carries it, and hashes of the picture, of the raw one, of its opacity, and of the whole PNG, with the
critic's logits as they are. Comparing reads what the file holds, so it shows that old links and files still work too.
Hashes differ between machines (their processors round differently), so the file is no part of the project.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from postprocess import STEPS
from studio import Recipe, Rendering, Studio, recipe_from_png, to_png

CHECKPOINTS = Path(__file__).resolve().parent.parent / "checkpoints"
CHAINS: tuple[tuple[dict[str, Any], ...], ...] = (
    (
        {"name": "cut_out"},
        {"name": "gaussian_blur", "parameters": {"sigma": 2.5}},
        {"name": "resize"},
    ),
    (
        {"name": "gaussian_blur", "where": "background"},
        {"name": "grain"},
        {"name": "duotone", "on": False},
        {"name": "vignette"},
    ),
    ({"name": "unsharp_mask", "where": "subject"}, {"name": "grain"}, {"name": "grain"}, {"name": "auto_levels"}),
)


def recipes(studio: Studio, random_ones: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and JSON of every recipe: one thing changed at a time, every step, chains, then all at once at random."""
    for model in studio.models():
        name, classes, layers = model["name"], model["classes"], len(model["layers"])
        directions = [direction["name"] for direction in model["directions"]]
        z_dim = next(field["maximum_length"] for field in model["recipe"] if field["key"] == "latent")
        rng = random.Random(name)
        latent = [round(rng.gauss(0, 1), 3) for _ in range(z_dim)]
        variations: dict[str, dict[str, Any]] = {
            "as it opens": {},
            "last seed": {"seed": 2**32 - 1},
            **{f"class {label}": {"class": label, "seed": 7} for label in classes[:4]},
            **{f"psi {psi}": {"psi": psi} for psi in (-1, 0, 0.35, 1, 1.5)},
            "cutoff": {"psi": 0.3, "cutoff": layers // 2},
            "global centre": {"psi": 0.3, "centre": "global"},
            **{f"move {one}": {"moves": {one: 2.5}} for one in directions[:2]},
            "moves": {"moves": dict.fromkeys(directions[:5], -1.25)},
            "mix": {"mix": {"seed": 99, "first": layers // 2}},
            "mix of classes": {"mix": {"seed": 99, "class": classes[-1] if classes else None, "first": 2}},
            "no noise": {"noise": 0},
            "noise": {"noise": 1.7, "noise_seed": 5},
            "latent": {"latent": latent, "psi": 1},
        }
        for step in STEPS:
            variations[f"step {step}"] = {"seed": 3, "steps": [{"name": step}]}
        for count, chain in enumerate(CHAINS):
            variations[f"chain {count}"] = {"seed": 4, "steps": list(chain)}
        for count in range(random_ones):
            moved = rng.sample(directions, min(3, len(directions)))
            variations[f"random {count}"] = {
                "seed": rng.randrange(2**32),
                "class": rng.choice(classes) if classes else None,
                "psi": round(rng.uniform(-1, 1.5), 3),
                "cutoff": rng.choice([None, rng.randint(0, layers)]),
                "centre": rng.choice(["class", "global"]),
                "moves": {one: round(rng.uniform(-4, 4), 3) for one in moved},
                "mix": rng.choice([None, {"seed": rng.randrange(2**32), "first": rng.randrange(layers)}]),
                "noise": round(rng.uniform(0, 2), 3),
                "noise_seed": rng.choice([None, rng.randrange(2**32)]),
                "latent": rng.choice([None, None, latent]),
                "steps": [{"name": rng.choice(list(STEPS))} for _ in range(rng.randint(0, 2))],
            }
        yield from ((f"{name}: {what}", {"model": name, **fields}) for what, fields in variations.items())


def digest(array: np.ndarray | None) -> str | None:
    """Shape, type and every bit of an array, as 24 hexadecimal digits."""
    if array is None:
        return None
    head = f"{array.dtype} {array.shape} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()[:24]


def facts(rendering: Rendering) -> dict[str, Any]:
    """All that a recipe decides, as JSON that compares."""
    readings = [rendering.critic, *(stage.critic for stage in rendering.stages)]
    return {
        "recipe": rendering.recipe.to_json(),
        "link": rendering.recipe.to_query(),
        "raw": digest(rendering.raw),
        "picture": digest(rendering.picture),
        "alpha": digest(rendering.alpha),
        "stages": [digest(stage.image) for stage in rendering.stages],
        "critic": [r and [r.logit, r.percentile_real, r.percentile_generated] for r in readings],
        "specimen": rendering.specimen,
        "png": hashlib.sha256(to_png(rendering)).hexdigest()[:24],
    }


def write(studio: Studio, random_ones: int) -> dict[str, Any]:
    """Everything to compare with, by the recipe's name; with the first picture of each model as a file."""
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for name, obj in recipes(studio, random_ones):
        rendering = studio.render(Recipe.from_json(obj))
        found[name] = {"given": obj, **facts(rendering)}
        if rendering.recipe.model not in seen or rendering.recipe.mix is not None:
            seen.add(rendering.recipe.model)
            found[name]["file"] = base64.b64encode(to_png(rendering)).decode()
    return found


def compare(studio: Studio, before: dict[str, Any]) -> list[str]:
    """What is not as it was, a line each."""
    wrong = []
    for name, then in before.items():
        try:
            rendering = studio.render(Recipe.from_json(then["given"]))
            now = facts(rendering)
            wrong += [f"{name}: {key} differs" for key in now if now[key] != then[key]]
            if studio.normalise(Recipe.from_query(then["link"])) != rendering.recipe:
                wrong.append(f"{name}: its old link leads to another recipe")
            if studio.normalise(Recipe.from_json(then["recipe"])) != rendering.recipe:
                wrong.append(f"{name}: its old JSON is another recipe")
            if "file" in then and recipe_from_png(base64.b64decode(then["file"])) != rendering.recipe:
                wrong.append(f"{name}: its old file holds another recipe")
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    return wrong


def main() -> int:
    """Write, or compare and say what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m bench.same", description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="FILE")
    what.add_argument("--against", type=Path, metavar="FILE")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, metavar="FOLDER")
    parser.add_argument("--random", type=int, default=12, help="random recipes a model (default: %(default)s)")
    args = parser.parse_args()
    default = next(
        path.name for path in sorted(args.checkpoints.iterdir()) if (path / "generator.safetensors").exists()
    )
    studio = Studio(args.checkpoints, default=default, precision="fp32")
    if args.write:
        found = write(studio, args.random)
        args.write.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(f"{len(found)} recipes written to {args.write}")
        return 0
    before = json.loads(args.against.read_text(encoding="utf-8"))
    wrong = compare(studio, before)
    print("\n".join(wrong) or f"All {len(before)} recipes give what they gave, bit for bit.")
    print(json.dumps({"recipes": len(before), "different": len(wrong)}))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
