"""StyleGAN3 files: the original's numbers, those of a plain float64 network, and what the paper promises of motion."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generator import CheckpointError, LatentError
from generator.families.stylegan3 import StyleGAN3, input_transform
from generator.families.stylegan3.config import LayerShape
from generator.families.stylegan3.filters import FilteredLeakyReLU
from generator.formats import stylegan3
from generator.formats.reading.content import Content, Persistent
from generator.model import Model
from generator.noise import Noise

from . import stylegan3_reference as reference
from .stylegan3_reference import Shape

INTEROP = Path(__file__).resolve().parents[3].parent / "shared" / "interop"
T: dict[str, object] = {"channel_base": 256, "channel_max": 12}
R: dict[str, object] = {"channel_base": 384, "channel_max": 14, "conv_kernel": 1, "use_radial_filters": True}
SHAPES = {
    "T": Shape(more=T),
    "T at 64 px with classes": Shape(64, c_dim=3, more=T),
    "R": Shape(more=R),
    "R at 64 px, deeper mapping, with classes": Shape(64, c_dim=4, depth=4, more=R),
    "grey, a low clamp": Shape(img_channels=1, more={**T, "conv_clamp": 0.5}),
    "R without a clamp, another scale": Shape(more={**R, "conv_clamp": None, "output_scale": 0.5}),
    "other layers and filters": Shape(more={
        **T, "num_layers": 5, "num_critical": 1, "margin_size": 5, "filter_size": 4, "lrelu_upsampling": 3,
        "first_cutoff": 3, "first_stopband": 5.0, "last_stopband_rel": 1.5,
    }),
    "no raising for the leaky ReLU": Shape(more={**T, "num_layers": 5, "lrelu_upsampling": 1}),
}  # fmt: skip


def content(generator: Persistent, name: str = "some file.pkl") -> Content:
    return Content(Path(name), "nvidia", {"G": None, "D": None, "G_ema": generator})


def opened(shape: Shape) -> tuple[Model, reference.Weights]:
    generator = reference.tree(shape)
    model = stylegan3.load(content(generator))
    assert isinstance(model.family, StyleGAN3)
    return model, generator.tensors()


def some_ws(model: Model, count: int = 2) -> Tensor:
    return torch.randn(count, model.num_ws, model.w_dim, generator=torch.Generator().manual_seed(7))


def gap(ours: Tensor, theirs: Tensor) -> float:
    """Greatest difference, where half the range of one map (of one picture's channel, of one w) is 1 on average."""
    assert ours.shape == theirs.shape
    maps = theirs.flatten(2 if theirs.ndim == 4 else 1)
    half_range = float((maps.amax(dim=-1) - maps.amin(dim=-1)).mean()) / 2
    assert half_range > 5e-4  # or it is not worth comparing with
    return float((ours.double() - theirs).abs().max()) / half_range


# ---- the same numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_pictures_are_those_of_the_plain_network(shape: Shape):
    model, weights = opened(shape)
    ws = some_ws(model, 1)
    expected = reference.synthesis(weights, shape, ws)
    assert gap(model.synthesize(ws), expected) < 1e-4
    assert torch.equal(model.synthesize(ws, Noise("none")), model.synthesize(ws))
    assert model.layers[-1].role == "rgb" and len(model.layers) == model.num_ws


@pytest.mark.parametrize("name", ["T", "R at 64 px, deeper mapping, with classes"])
def test_styles_are_those_of_the_plain_network(name: str):
    shape = SHAPES[name]
    model, weights = opened(shape)
    z = torch.randn(3, model.z_dim)
    label = torch.rand(3, shape.c_dim) if shape.c_dim else None
    w = reference.mapping(weights, shape, z, label)
    assert gap(model.map(z, label), w[:, None].expand(-1, model.num_ws, -1)) < 1e-4
    average = reference.at(weights, "mapping.w_avg")
    pulled = average + 0.7 * (w - average)
    ws = model.map(z, label, psi=0.7, cutoff=4)
    assert gap(ws[:, :4], pulled[:, None].expand(-1, 4, -1)) < 1e-4
    assert torch.equal(ws[:, 4:], model.map(z, label)[:, 4:])


def test_the_mappings_own_learning_rate_counts():
    shape = SHAPES["T"]
    generator = reference.tree(shape)
    mapping = generator.modules["mapping"]
    assert isinstance(mapping, Persistent)
    mapping.init_kwargs["lr_multiplier"] = 0.02
    z = torch.randn(2, shape.z_dim)
    doubled = {k: t * 2 if ".fc" in k else t for k, t in generator.tensors().items()}
    ws = stylegan3.load(content(generator)).map(z)
    assert gap(ws[:, 0], reference.mapping(doubled, shape, z, None)) < 1e-4


@pytest.mark.parametrize("name", ["T", "R"])
def test_motions_are_those_of_the_plain_network(name: str):
    model, weights = opened(SHAPES[name])
    weights["synthesis.input.transform"].copy_(torch.tensor([[0.9, 0.1, 0.2], [-0.1, 1.1, -0.1], [0.0, 0.0, 1.0]]))
    angle = math.radians(30)
    motion = torch.tensor([
        [math.cos(angle), math.sin(angle), 0.1], [-math.sin(angle), math.cos(angle), -0.2], [0.0, 0.0, 1.0],
    ], dtype=torch.float64)  # fmt: skip
    ws = some_ws(model, 1)
    expected = reference.synthesis(weights, SHAPES[name], ws, motion)
    assert gap(model.synthesize(ws, transform={"rotation": 30.0, "x": 0.1, "y": -0.2}), expected) < 1e-4
    assert torch.equal(model.synthesize(ws, transform={}), model.synthesize(ws))  # as the file itself has it
    assert torch.allclose(input_transform(30.0, 0.1, -0.2) @ motion, torch.eye(3).double())


@pytest.mark.parametrize("up, down, radial", [(1, 2, False), (2, 1, False), (2, 2, True), (4, 2, False), (4, 2, True)])
@pytest.mark.parametrize("size, out_size, kernel", [(70, 70, 3), (36, 84, 1), (84, 40, 3), (9, 70, 1)])
def test_strips_and_blocks_are_zero_insertion_and_filters(
    up: int, down: int, radial: bool, size: int, out_size: int, kernel: int
):
    taps = 6 * up if up > 1 else 1, 6 * down if down > 1 else 1
    total = (out_size - 1) * down + sum(taps) - 1 - (size + kernel - 1) * up
    low = (total + up) // 2
    shape = LayerShape(3, 5, size, out_size, 16, kernel, up, down, *taps, radial, False, (low, total - low))
    # Lopsided filters, which no symmetry can save from a wrong direction.
    fu = torch.randn(taps[0]) if up > 1 else None
    fd = (torch.randn(taps[1], taps[1]) if radial else torch.randn(taps[1])) if down > 1 else None
    x = torch.randn(1, 5, size + kernel - 1, size + kernel - 1)
    y = reference.raise_rate(x.double(), reference.square(fu), up, low, total - low)
    y = torch.where(y > 0, y, 0.2 * y).clamp(-3, 3)
    expected = reference.lower_rate(y, reference.square(fd), down)
    assert gap(FilteredLeakyReLU(shape, fu, fd, 3.0, torch.float32)(x), expected) < 1e-5
    rough = FilteredLeakyReLU(shape, fu, fd, 3.0, torch.bfloat16)(x.bfloat16()).double()
    assert float((rough - expected).square().mean().sqrt() / expected.std()) < 0.03


def test_bfloat16_is_close():
    for shape in (SHAPES["T"], SHAPES["R"]):
        model, _ = opened(shape)
        ws = some_ws(model)
        exact = model.synthesize(ws)
        model.use("bf16")
        assert 0 < float((model.synthesize(ws) - exact).square().mean().sqrt() / exact.std()) < 0.06


# ---- what the paper promises --------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees, turns", [(90.0, 1), (180.0, 2), (-90.0, -1)])
def test_r_turns_its_pictures_anticlockwise(degrees: float, turns: int):
    """1×1 convolutions and filters that a quarter turn leaves alone: the picture turns and nothing else (§3.2)."""
    model, _ = opened(SHAPES["R"])
    ws = some_ws(model)
    turned = model.synthesize(ws, transform={"rotation": degrees})
    assert gap(turned, torch.rot90(model.synthesize(ws), turns, dims=(2, 3)).double()) < 1e-4


def test_t_does_not_turn_its_pictures():
    model, _ = opened(SHAPES["T"])
    ws = some_ws(model)
    turned = model.synthesize(ws, transform={"rotation": 90.0})
    assert gap(turned, torch.rot90(model.synthesize(ws), 1, dims=(2, 3)).double()) > 0.1


@pytest.mark.parametrize("name", ["T", "R"])
def test_pictures_shift_right_and_down(name: str):
    """Shifted by whole samples of every rate, the inside of the picture is the same up to what the filters let by."""
    model, _ = opened(SHAPES[name])
    ws = some_ws(model)
    still = model.synthesize(ws)
    moved = model.synthesize(ws, transform={"x": 4 / 32, "y": 2 / 32})
    inside = slice(4, -4)
    there = still[:, :, :-2, :-4][:, :, inside, inside]
    errors = [(picture[:, :, 2:, 4:][:, :, inside, inside] - there).square().mean() for picture in (moved, still)]
    assert errors[0].sqrt() < 0.02 * errors[1].sqrt()


def test_a_picture_is_the_same_alone_and_in_a_batch():
    model, _ = opened(SHAPES["T at 64 px with classes"])
    ws = some_ws(model, 3)
    together = model.synthesize(ws)
    for i in range(3):
        assert torch.equal(model.synthesize(ws[i : i + 1])[0], together[i])
    assert model.synthesize(ws[:0]).shape == (0, 3, 64, 64)


# ---- progress, cancelling, refusals -------------------------------------------------------------------------------


class CancelledError(Exception):
    pass


def test_progress_is_told_and_may_cancel():
    model, _ = opened(SHAPES["T"])
    ws = some_ws(model)
    heard: list[tuple[int, int]] = []
    picture = model.synthesize(ws, progress=lambda done, of: heard.append((done, of)))
    assert heard == [(i, 30) for i in range(1, 31)]  # 2 pictures of 15 layers

    def stop(done: int, of: int) -> None:
        if done == 4:
            raise CancelledError

    with pytest.raises(CancelledError):
        model.synthesize(ws, transform={"rotation": 90.0}, progress=stop)
    assert torch.equal(model.synthesize(ws), picture)  # neither the motion nor the callback stayed behind


@pytest.mark.parametrize(
    "transform", [{"zoom": 1.0}, {"rotation": 181.0}, {"x": -1.5}, {"y": math.nan}, {"rotation": True}, {"x": "1"}]
)
def test_motions_that_there_are_not(transform: dict[str, float]):
    model, _ = opened(SHAPES["T"])
    with pytest.raises(LatentError):
        model.synthesize(some_ws(model), transform=transform)


def broken(kind: str) -> Persistent:
    generator = reference.tree(SHAPES["R"])
    synthesis, mapping = generator.modules["synthesis"], generator.modules["mapping"]
    assert isinstance(synthesis, Persistent) and isinstance(mapping, Persistent)
    name = next(name for name in synthesis.modules if name.startswith("L3_"))
    layer = synthesis.modules[name]
    assert isinstance(layer, Persistent)
    if kind == "lacks the tensor":
        del layer.parameters["bias"]
    elif kind == "does not know":
        layer.parameters["gate"] = torch.ones(3)
    elif kind == "and not":
        layer.buffers["down_filter"] = layer.buffers["down_filter"][0]
    elif kind == "not finite":
        layer.parameters["weight"][0, 0] = math.inf
    elif kind == "not positive":
        layer.buffers["magnitude_ema"].zero_()
    elif kind == "average w":
        del mapping.buffers["w_avg"]
    elif kind == "was built with 'speed'":
        synthesis.init_kwargs["speed"] = 2
    elif kind == "does not say what its resolution":
        del synthesis.init_kwargs["img_resolution"]
    elif kind == "resolution must be":
        synthesis.init_kwargs["img_resolution"] = 48
    elif kind == "channel_base must be":
        synthesis.init_kwargs["channel_base"] = "many"
    elif kind == "claims":
        synthesis.init_kwargs |= {"channel_max": 4096, "channel_base": 1 << 18, "conv_kernel": 7}
    return generator


@pytest.mark.parametrize(
    "kind",
    ["lacks the tensor", "does not know", "and not", "not finite", "not positive", "average w",
     "was built with 'speed'", "does not say what its resolution", "resolution must be", "channel_base must be"],
)  # fmt: skip
def test_broken_files(kind: str):
    with pytest.raises(CheckpointError, match=r"^some file\.pkl is a StyleGAN3 file that does not open: .*" + kind):
        stylegan3.load(content(broken(kind)))


def test_what_a_file_claims_is_not_allocated():
    with pytest.raises(CheckpointError, match="and not"):
        stylegan3.load(content(broken("claims")))  # 50 GB of weights, if anyone believed it


def test_only_its_own_files_are_recognised():
    generator = reference.tree(SHAPES["T"])
    assert stylegan3.recognises(content(generator))
    assert stylegan3.recognises(Content(Path("x"), "nvidia", generator))
    other = Persistent("Generator", {}, (), {}, {}, {}, {"synthesis": Persistent("S", {}, (), {}, {}, {}, {})})
    roots: list[object] = [{}, [], None, {"G_ema": {"synthesis": 1}}, {"G_ema": other}, other]
    for root in roots:
        assert not stylegan3.recognises(Content(Path("x.pkl"), "pickle", root))


@pytest.mark.parametrize("name", ["T", "T at 64 px with classes", "R", "R at 64 px, deeper mapping, with classes"])
def test_a_state_dictionary_paints_the_same(name: str):
    """Its names and tensors tell the layers: nothing says what its constructors were given."""
    generator = reference.tree(SHAPES[name])
    whole = stylegan3.load(content(generator))
    found = {"g_ema": {f"module.{name}": t for name, t in generator.tensors().items()}, "optimizer": {"lr": 0.1}}
    state = Content(Path("sg3.pt"), "torch", found)
    assert stylegan3.recognises(state)
    model = stylegan3.load(state)
    ws = some_ws(whole, 1)
    assert torch.equal(model.synthesize(ws), whole.synthesize(ws))
    assert (model.family.title, model.layers, model.classes) == (whole.family.title, whole.layers, whole.classes)


def test_numpys_numbers_count_as_numbers():
    generator = reference.tree(SHAPES["R"])
    synthesis = generator.modules["synthesis"]
    assert isinstance(synthesis, Persistent)
    plain = stylegan3.load(content(generator))
    synthesis.init_kwargs |= {"conv_clamp": torch.tensor(256), "img_resolution": torch.tensor([32])}
    ws = torch.randn(1, plain.num_ws, plain.w_dim)
    assert torch.equal(stylegan3.load(content(generator)).synthesize(ws), plain.synthesize(ws))


# ---- the original's numbers ---------------------------------------------------------------------------------------

needs_interop = pytest.mark.skipif(not INTEROP.is_dir(), reason=f"no files of the original program in {INTEROP}")


@pytest.fixture(scope="module")
def original() -> tuple[Model, dict[str, Tensor]]:
    from generator.formats.registry import open_foreign

    model = open_foreign(INTEROP / "sg3t-64-uncond.pkl")
    assert isinstance(model.family, StyleGAN3)
    with np.load(INTEROP / "sg3t-64-uncond.npz") as arrays:
        return model, {name: torch.from_numpy(arrays[name]) for name in arrays}


def most(ours: Tensor, theirs: Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max())


@needs_interop
def test_the_original_maps_alike(original: tuple[Model, dict[str, Tensor]]):
    model, given = original
    assert most(model.map(given["z"]), given["ws"]) < 1e-4
    assert most(model.map(given["z"], psi=0.7), given["ws_psi07"]) < 1e-4
    assert most(model.map(given["z"], psi=0.7, cutoff=4), given["ws_psi07_cut4"]) < 1e-4


@needs_interop
def test_the_original_draws_alike(original: tuple[Model, dict[str, Tensor]]):
    model, given = original
    assert most(model.synthesize(given["ws"]), given["img_const"]) < 1e-4
    assert most(model.synthesize(given["ws"], Noise("none")), given["img_none"]) < 1e-4
    assert most(model.synthesize(given["ws_psi07"]), given["img_psi07_const"]) < 1e-4
    assert most(model.synthesize(given["ws_mix"]), given["img_mix_const"]) < 1e-4
    # The file's maker also moved it up by half as much: found by search, and exact to seven digits.
    moved = model.synthesize(given["ws"], transform={"rotation": 30.0, "x": 0.1, "y": -0.05})
    assert most(moved, given["img_rot30_tx01"]) < 1e-4


@needs_interop
def test_the_original_judges_alike(original: tuple[Model, dict[str, Tensor]]):
    model, given = original
    for together, name in ((False, "d_logits_single"), (True, "d_logits_batch4")):
        expected = given[name][:, 0]
        assert most(model.criticize(given["d_img"], together=together) / expected, torch.ones(4)) < 1e-4


@needs_interop
def test_the_references_filters_are_the_originals(original: tuple[Model, dict[str, Tensor]]):
    model, _ = original
    shape = Shape(64, more={"channel_base": 1024, "channel_max": 32})
    family = model.family
    assert isinstance(family, StyleGAN3)
    for i, layer in enumerate(family.convs):
        for ours, theirs in zip(reference.filters(shape, i), (layer.up_filter, layer.down_filter), strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                assert most(torch.from_numpy(ours).float(), theirs) < 1e-6
