"""What holds of every format: one small file each, opened through the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from generator import CheckpointError, Model, open_checkpoint
from generator.formats.reading.content import Content, Inert, Persistent, read_content
from generator.formats.registry import formats
from generator.noise import Noise

from . import makers, pgan_files
from .makers import Made

SAVED = {
    "biggan", "biggan_pytorch", "dcgan", "fastgan", "house_state", "lightweight", "pgan", "plain_stack",
    "projected_fastgan", "stylegan2_lucidrains", "stylegan2_nvidia", "stylegan2_rosinality", "stylegan2_tensorflow",
    "stylegan3", "stylegan_tensorflow", "stylegan_xl",
}  # fmt: skip


def opened(made: Made) -> Model:
    return open_checkpoint(made.path, made.critic)


def some_ws(model: Model, count: int) -> Tensor:
    label = [i % len(model.classes) for i in range(count)] if model.classes else None
    return model.map(torch.randn(count, model.z_dim), label)


def test_every_maker_is_of_a_format():
    assert set(makers.MAKERS) == set(makers.names())


def test_names_in_saved_files_are_unique_and_stay_what_they_were():
    found = makers.names()
    assert len(set(found)) == len(found)
    assert set(found) >= SAVED  # each may be renamed, moved and added to; none of these may go


def test_a_format_without_a_maker_fails(tmp_path: Any):
    with pytest.raises(pytest.fail.Exception, match="no maker of plums files"):
        makers.make("plums", tmp_path)


def test_one_format_takes_it_and_says_what_is_in_it(made: Made):
    content = read_content(made.path)
    (taken,) = [known for known in formats() if known.recognises(content)]
    assert taken.NAME and taken.TITLE
    model = opened(made)
    assert (model.classes, model.has_critic) == (made.classes, made.judges)
    assert model.precision == "fp32"


def test_a_picture_and_its_logit_are_the_same_alone_and_in_a_batch(made: Made):
    model = opened(made)
    ws = some_ws(model, 3)
    pictures = model.synthesize(ws)
    assert float((pictures[0] - pictures[1]).abs().max()) > 1e-3
    for i in range(3):
        assert torch.equal(model.synthesize(ws[i : i + 1])[0], pictures[i])
    seeded = model.synthesize(ws, Noise("seed", seed=3))
    assert torch.equal(seeded[:1], model.synthesize(ws[:1], Noise("seed", seed=3)))
    if not model.has_critic:
        return
    label = [0, 1, 0] if model.classes else None
    logits = model.criticize(pictures, label)
    assert float(logits.std()) > 0
    for i in range(3):
        assert torch.equal(model.criticize(pictures[i : i + 1], label and label[i : i + 1])[0], logits[i])


def test_half_precision_is_near_and_goes_away_again(made: Made):
    model = opened(made)
    ws = some_ws(model, 2)
    label = [0, 1] if model.classes else None
    exact = model.synthesize(ws)
    logits = model.criticize(exact, label) if model.has_critic else None
    model.use("bf16")
    near = model.synthesize(ws)
    assert near.dtype == torch.float32
    assert 1e-5 < float((near - exact).square().mean().sqrt() / exact.std()) < 0.1
    if logits is not None:
        rounded = model.criticize(exact, label)
        assert 0 < float((rounded - logits).abs().max()) < 0.1 * float(logits.abs().max()) + 0.02
    model.use("fp32")
    assert torch.equal(model.synthesize(ws), exact)


# ---- refusals -----------------------------------------------------------------------------------------------------


def tensors(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where the tensors in a file's tree lie: a dictionary or a list of it, and their key or number there."""
    if isinstance(node, Persistent):
        for part in (node.parameters, node.buffers, node.modules):
            yield from tensors(part)
    elif isinstance(node, Inert):
        yield from tensors(node.state)
    elif isinstance(node, (dict, list, tuple)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, Tensor):
                yield node, key
            else:
                yield from tensors(value)


def copied(node: Any) -> Any:
    """The tree anew; its tensors are shared."""
    if isinstance(node, dict):
        return {key: copied(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [copied(value) for value in node]  # a list, so that damage can be done to it
    if isinstance(node, Inert):
        return replace(node, state=copied(node.state))
    if isinstance(node, Persistent):
        parts = (node.parameters, node.buffers, node.modules)
        return Persistent(node.class_name, node.state, node.init_args, node.init_kwargs, *map(copied, parts))
    return node


DAMAGE: dict[str, Callable[[Tensor], Tensor | None]] = {
    "missing": lambda t: None,
    "of another shape": lambda t: torch.zeros(*t.shape, 2),
    "not finite": lambda t: torch.full_like(t, torch.nan) if t.is_floating_point() else t,
    "whole numbers": lambda t: torch.zeros(t.shape, dtype=torch.int64),
    "empty": lambda t: torch.zeros(0),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_opens_whole_or_is_refused_in_one_sentence(made: Made, damage: str):
    content = read_content(made.path)
    (known,) = [known for known in formats() if known.recognises(content)]
    count = len(list(tensors(content.root)))
    refused = 0
    for index in range(0, count, max(1, count // 40)):
        broken = replace(content, root=copied(content.root))
        holder, key = list(tensors(broken.root))[index]
        changed = DAMAGE[damage](holder[key])
        if changed is None:
            del holder[key]
        else:
            holder[key] = changed
        if not known.recognises(broken):
            continue
        try:
            model = known.load(broken)
            assert torch.isfinite(model.synthesize(some_ws(model, 1))).all()
        except CheckpointError as error:
            refused += 1
            sentence = str(error)
            assert sentence.endswith(".") and "\n" not in sentence and made.path.name in sentence
    assert refused >= 5  # or it proves nothing


def prefixed(node: Any, prefix: str) -> Any:
    """The same with this before every tensor's name."""
    if not isinstance(node, dict):
        return node
    return {
        prefix + key if isinstance(value, Tensor) and isinstance(key, str) else key: prefixed(value, prefix)
        for key, value in node.items()
    }


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "DataParallel": lambda root: prefixed(root, "module."),
    "torch.compile": lambda root: prefixed(root, "_orig_mod."),
    "in a model": lambda root: {"model": {"state_dict": root}},
    "Lightning": lambda root: {"epoch": 3, "state_dict": root, "callbacks": {}, "optimizer_states": [{"state": {}}]},
    "a training": lambda root: {**root, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}, "epoch": 3},
    "doubles": lambda root: each(root, lambda t: t.double() if t.is_floating_point() else t),
}


def each(node: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same with every tensor changed."""
    if isinstance(node, Tensor):
        return change(node)
    if isinstance(node, dict):
        return {key: each(value, change) for key, value in node.items()}
    return [each(value, change) for value in node] if isinstance(node, list) else node


@pytest.mark.parametrize("wrap", WRAPPED)
def test_however_it_is_wrapped_it_is_the_same(made: Made, wrap: str):
    content = read_content(made.path)
    if content.kind == "nvidia" or not isinstance(content.root, dict):
        pytest.skip("it is no state dictionary")
    root = WRAPPED[wrap](content.root)
    if wrap == "Lightning" and made.critic is None and any(isinstance(v, Tensor) for v in content.root.values()):
        root["state_dict"] = prefixed(content.root, "generator.")  # a part of a larger module
    wrapped = replace(content, root=root)
    (known,) = [known for known in formats() if known.recognises(wrapped)]
    ws = some_ws(plain := known.load(content), 1)
    torch.testing.assert_close(known.load(wrapped).synthesize(ws), plain.synthesize(ws), rtol=0, atol=1e-5)


ROOTS: list[Any] = [
    None, [], {}, 7, "text", torch.ones(3), {1: {}}, {"g": 3}, {"GAN": 3}, {"netG": 3}, {"G_ema": 3}, [{"GAN": {}}],
    {"version": "1"}, {"generator": {"bn": 1}}, {"state_dict": {"x": torch.zeros(1)}},
    {"g": {"conv1.weight": torch.zeros(1)}},
    {"GAN": {"GE.x": torch.zeros(1)}},
    {"embeddings.weight": torch.zeros(3, 3)},
    {"synthesis.const": torch.zeros(3)},
    {"stem.weight": torch.zeros(3)},
    {"netG": {"main.0.weight": torch.zeros(3, 3, 4, 4)}},
    {"netD": pgan_files.critic_state()},
    {"main.0.weight": torch.zeros(3)},
    {"main.0.weight": torch.zeros(4, 4, 4, 4), "main.1.weight": torch.zeros(4, 4)},
    {"main.0.weight": 3, "main.1": {"weight": torch.zeros(0, 0, 4, 4)}},
    {f"convs.{i}.weight": torch.zeros(8, 8, 3, 3) for i in range(4)},
    {f"{'9' * 5000}.weight": torch.zeros(8, 8, 4, 4)},
    {f"main.{i}.weight": torch.zeros(a, b, 4, 4) for i, (a, b) in enumerate([(8, 4), (5, 4), (4, 3)])},
    Inert("argparse", "Namespace"),
    Persistent("G", {}, (), {}, {}, {}, {}),
    {"G_ema": Persistent("Generator", {}, (), {}, {}, {}, {})},
]  # fmt: skip


@pytest.mark.parametrize("root", ROOTS, ids=range(len(ROOTS)))
@pytest.mark.parametrize("kind", ["nvidia", "torch", "safetensors", "pickle"])
def test_what_is_of_no_format_is_taken_for_none(root: Any, kind: str, tmp_path: Any):
    content = Content(tmp_path / "thing", kind, root)
    assert not [known.NAME for known in formats() if known.recognises(content)]


def test_parameters_are_counted_apart(made: Made):
    model = opened(made)
    facts = model.describe()
    total = sum(p.numel() for p in model.family.parameters())
    assert facts["parameters"] + facts["critic_parameters"] == total
    assert facts["parameters"] > 0 and (facts["critic_parameters"] > 0) == model.has_critic
    assert facts["architecture"] == model.family.title
