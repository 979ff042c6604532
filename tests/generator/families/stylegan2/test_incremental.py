"""Pictures that begin where they differ from the one before are the same, bit for bit; and they are begun there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from generator import GeneratorConfig, LatentError
from generator.families.stylegan2 import incremental, stylegan2_of
from generator.families.stylegan2.engine import SynthesisEngine
from generator.families.stylegan2.incremental import Kept, Step
from generator.families.stylegan2.layers import upsample_rgb
from generator.noise import Noise
from tests.generator import reference
from tests.generator.build import GENERATORS, lively_generator, lively_model, some_ws

from .test_networks import same

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# Wide at low resolution, so that styles multiply the weights in some layers and the feature maps in others.
CONFIGS = {
    **{name: GENERATORS[name] for name in ("paper", "shuffle", "smooth", "grey", "64 px, widths differ")},
    "wide": replace(GENERATORS["paper"], channel_base=1024, channel_max=96),
    "residual": replace(GENERATORS["paper"], architecture="resnet"),
    "RGB at the end": replace(GENERATORS["paper"], architecture="orig"),
    "clamped": replace(GENERATORS["paper"], conv_clamp=2.0),
}


def layers_run(engine: SynthesisEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the number of each layer that the engine computes."""
    ran: list[int] = []

    def counted(i: int, layer: object) -> object:
        def run(*args: object) -> object:
            ran.append(i)
            return layer(*args)  # type: ignore[operator]

        return run

    monkeypatch.setattr(engine, "layers", [counted(i, layer) for i, layer in enumerate(engine.layers)])
    return ran


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_any_edit_gives_what_a_fresh_engine_gives(config: GeneratorConfig, dtype: torch.dtype):
    network = lively_generator(config).synthesis
    engine = SynthesisEngine(network, dtype)
    rng = torch.Generator().manual_seed(11)
    ws = some_ws(config, 1)
    noise: list[Tensor] | None = None
    strength = 1.0

    def draw(count: int) -> int:
        return int(torch.randint(count, [], generator=rng))

    for _ in range(40):
        match draw(5):
            case 0:  # rows from one on, as in style mixing
                ws[:, draw(config.num_ws) :] += 0.3 * torch.randn(config.w_dim, generator=rng)
            case 1:  # one row
                ws[:, draw(config.num_ws)] += 0.3 * torch.randn(config.w_dim, generator=rng)
            case 2 if noise is None:
                noise = network.draw_noise(1, rng)
            case 2:
                noise = None
            case 3 if noise is not None:  # in place: the engine must have copied what it compares with
                noise[draw(len(noise))].mul_(1.1)
            case 4:
                strength = (0.0, 0.5, 1.0)[draw(3)]
            case _:
                pass  # the same again
        if engine.preview_resolutions and draw(3) == 0:
            size = engine.preview_resolutions[draw(len(engine.preview_resolutions))]
            fresh = SynthesisEngine(network, dtype).preview(ws, size, noise, strength)
            assert torch.equal(engine.preview(ws, size, noise, strength), fresh)
        fresh = SynthesisEngine(network, dtype)(ws, noise, strength)
        assert torch.equal(engine(ws, noise, strength), fresh)


@pytest.mark.parametrize("row", range(8))
def test_only_layers_from_the_first_changed_row_on_are_computed(row: int, monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS["paper"]
    assert config.num_ws == 8
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ran = layers_run(engine, monkeypatch)
    ws = some_ws(config, 1)
    engine(ws)
    assert ran == list(range(7))
    ran.clear()
    ws[:, row, 0] = torch.nextafter(ws[:, row, 0], torch.tensor(9.0))  # the least that a number can change by
    engine(ws)
    assert ran == list(range(row, 7))


def test_a_picture_goes_on_from_its_preview(monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS["paper"]
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ran = layers_run(engine, monkeypatch)
    ws = some_ws(config, 1)
    for size, layers in ((8, [0, 1, 2]), (16, [3, 4]), (4, [])):
        engine.preview(ws, size)
        assert ran == layers
        ran.clear()
    engine(ws)
    assert ran == [5, 6]


@pytest.mark.parametrize("layer", range(7))
def test_only_layers_from_the_first_other_noise_on_are_computed(layer: int, monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS["paper"]
    network = lively_generator(config).synthesis
    engine, ws = SynthesisEngine(network, torch.float32), some_ws(config, 1)
    noise = network.draw_noise(1, torch.Generator().manual_seed(1))
    ran = layers_run(engine, monkeypatch)
    engine(ws, noise)
    ran.clear()
    noise[layer][..., 0, 0] += 1
    engine(ws, noise)
    assert ran == list(range(layer, 7))


def test_batches_leave_the_single_picture_alone(monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS["paper"]
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ran = layers_run(engine, monkeypatch)
    ws = some_ws(config, 3)
    alone = engine(ws[:1])
    assert torch.equal(engine(ws)[:1], alone)
    ran.clear()
    assert torch.equal(engine(ws[:1]), alone)
    assert ran == []


def test_what_came_out_may_be_written_to():
    config = GENERATORS["paper"]
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ws = some_ws(config, 1)
    for make in (lambda: engine(ws), lambda: engine.preview(ws, 4), lambda: engine.preview(ws, 16)):
        first = make()
        with torch.inference_mode():
            kept = first.clone()
            first.zero_()
        assert torch.equal(make(), kept)


def test_memory_is_that_of_one_picture_and_bounded(monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS["64 px, widths differ"]
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ws = some_ws(config, 4)
    engine(ws[:1])
    one = engine.kept.bytes
    assert one > 0
    for i in range(4):
        engine(ws[i : i + 1])
        assert engine.kept.bytes == one
    monkeypatch.setattr(incremental, "KEPT_BYTES", one // 3)
    less = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    for i in (0, 1, 1):
        assert torch.equal(less(ws[i : i + 1]), engine(ws[i : i + 1]))
        assert 0 < less.kept.bytes <= one // 3
    changed = ws[1:2].clone()
    changed[:, -1] += 1
    assert torch.equal(less(changed), engine(changed))


@pytest.mark.parametrize("name", ["paper", "grey smooth", "orig", "resnet", "64 px, widths differ", "8 px"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_may_be_kept_is_known_beforehand(name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    config = GENERATORS[name]
    engine = SynthesisEngine(lively_generator(config).synthesis, dtype)
    network = lively_generator(config).synthesis
    noise = network.draw_noise(1, torch.Generator().manual_seed(0))
    engine(some_ws(config, 1), noise)
    held = engine.kept.bytes + sum(each.numel() * 4 for each in noise)
    if config.architecture == "skip":
        assert engine.most_kept == held
    assert held <= engine.most_kept <= 2 * held
    monkeypatch.setattr("generator.families.stylegan2.engine.KEPT_BYTES", 1000)
    assert engine.most_kept == 1000 + sum(each.numel() * 4 for each in noise)


def step(layer: int) -> Step:
    return Step(layer, torch.zeros(1, 1, 2, 2), None)


def test_numbers_that_are_none_are_never_the_same():
    kept, ws = Kept(), torch.full((1, 4, 2), torch.nan)
    kept.resume(ws, None, 1.0, 2)
    kept.keep(step(0))
    assert kept.resume(ws, None, 1.0, 2) is None


# ---- previews ----------------------------------------------------------------------------------------------------


def partial_sum(config: GeneratorConfig, weights: reference.Weights, ws: Tensor, size: int) -> Tensor:
    """A preview by its definition: the whole picture of a network whose later blocks draw nothing at all."""
    silent = {name: tensor.clone() for name, tensor in weights.items()}
    block = config.block_resolutions.index(size)
    for name, tensor in silent.items():
        number = name.split(".")[1] if name.startswith("to_rgb.") else ""
        if (number and int(number) > block) or name.startswith("head."):
            tensor.mul_(0.0 if name.endswith((".weight", ".bias")) and ".affine." not in name else 1.0)
    return reference.synthesis(config, silent, ws)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", ["paper", "shuffle", "smooth", "grey shuffle", "64 px, widths differ"])
def test_a_preview_is_the_sum_so_far(name: str, count: int):
    config = GENERATORS[name]
    network = lively_generator(config).synthesis
    engine, ws = SynthesisEngine(network, torch.float32), some_ws(config, count)
    assert engine.preview_resolutions == config.block_resolutions[:-1]
    for size in engine.preview_resolutions:
        preview = engine.preview(ws, size)
        assert preview.dtype == torch.float32
        same(preview, partial_sum(config, network.state_dict(), ws, size))


def test_enlarging_is_that_of_the_network():
    config = GENERATORS["paper"]
    engine = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    ws = some_ws(config, 1)
    four = SynthesisEngine(lively_generator(config).synthesis, torch.float32)
    small = four._each(ws, None, 1.0, 1)
    assert small.shape == (1, 3, 4, 4)
    assert torch.equal(engine.preview(ws, 4), upsample_rgb(upsample_rgb(upsample_rgb(small))))


@pytest.mark.parametrize("noise", [("const", 1.0, None), ("none", 1.0, None), ("seed", 0.5, 7)])
def test_a_model_previews_as_it_paints(noise: tuple[str, float, int | None]):
    model = lively_model(GENERATORS["paper"])
    ws = some_ws(stylegan2_of(model).generator.config, 2)
    kind, strength, seed = noise
    maps: Sequence[Tensor] | None = model._noise(seed) if kind == "seed" else None
    expected = SynthesisEngine(stylegan2_of(model).generator.synthesis, torch.float32).preview(
        ws,
        16,
        maps,
        0.0 if kind == "none" else strength,
    )
    assert torch.equal(model.preview(ws, 16, Noise(kind, strength, seed)), expected)


@pytest.mark.parametrize("resolution", [0, 2, 5, 32, 64, "16", None])
def test_a_model_refuses_what_it_cannot_preview(resolution: int):
    model = lively_model(GENERATORS["paper"])
    with pytest.raises(LatentError, match="plums has previews of 4, 8, 16 px, not of"):
        model.preview(some_ws(stylegan2_of(model).generator.config, 1), resolution)


@pytest.mark.parametrize("architecture", ["orig", "resnet"])
def test_networks_that_draw_once_have_no_previews(architecture: str):
    model = lively_model(replace(GENERATORS["paper"], architecture=architecture))
    assert model.preview_resolutions == ()
    with pytest.raises(LatentError, match="has previews of none px"):
        model.preview(some_ws(stylegan2_of(model).generator.config, 1), 16)
