"""BigGAN-deep files: the pictures of a plain float64 network written from the paper's appendix B."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from generator import CheckpointError, LatentError, open_checkpoint
from generator.formats import biggan

from .biggan_files import ATTENTION, CLASSES, CONDITION, LAYERS, STATS, WIDTH, State, Z, content, file_state


class Reference:
    """The network in float64, straight from the description; statistics as the released program picks them."""

    def __init__(self, state: State, doublings: list[bool], truncation: float, eps: float = 1e-4) -> None:
        self.state = {name: t.double() for name, t in state.items()}
        self.doublings, self.truncation, self.eps = doublings, truncation, eps

    def weight(self, name: str) -> Tensor:
        weight, u, v = (self.state[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        return weight / (u @ (weight.flatten(1) @ v))

    def conv(self, x: Tensor, name: str) -> Tensor:
        weight = self.weight(name)
        return F.conv2d(x, weight, self.state.get(f"{name}.bias"), padding=weight.shape[2] // 2)

    def statistics(self, name: str) -> tuple[Tensor, Tensor]:
        past, first = math.modf(self.truncation / (1.0 / (STATS - 1)))
        rows = [self.state[f"{name}.running_{kind}"] for kind in ("means", "vars")]
        picked = [r[int(first)] if past == 0 else r[int(first)] * past + r[int(first) + 1] * (1 - past) for r in rows]
        return picked[0].view(1, -1, 1, 1), picked[1].view(1, -1, 1, 1)

    def norm(self, x: Tensor, name: str, condition: Tensor) -> Tensor:
        mean, variance = self.statistics(name)
        gain = 1 + condition @ self.weight(f"{name}.scale").t()
        offset = condition @ self.weight(f"{name}.offset").t()
        return (x - mean) / (variance + self.eps).sqrt() * gain[:, :, None, None] + offset[:, :, None, None]

    def block(self, x: Tensor, name: str, condition: Tensor, up: bool) -> Tensor:
        def double(maps: Tensor) -> Tensor:
            return maps.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) if up else maps

        y = self.conv(self.norm(x, f"{name}.bn_0", condition).relu(), f"{name}.conv_0")
        y = self.conv(double(self.norm(y, f"{name}.bn_1", condition).relu()), f"{name}.conv_1")
        y = self.conv(self.norm(y, f"{name}.bn_2", condition).relu(), f"{name}.conv_2")
        y = self.conv(self.norm(y, f"{name}.bn_3", condition).relu(), f"{name}.conv_3")
        return y + double(x[:, : y.shape[1]])

    def attention(self, x: Tensor, name: str) -> Tensor:
        """Zhang et al. 2019: every place asks all places of the pooled maps."""
        query = self.conv(x, f"{name}.snconv1x1_theta").flatten(2)
        key = F.max_pool2d(self.conv(x, f"{name}.snconv1x1_phi"), 2).flatten(2)
        value = F.max_pool2d(self.conv(x, f"{name}.snconv1x1_g"), 2).flatten(2)
        shares = torch.einsum("ncq,nck->nqk", query, key).softmax(dim=2)
        found = torch.einsum("nck,nqk->ncq", value, shares).unflatten(2, x.shape[2:])
        return x + self.state[f"{name}.gamma"] * self.conv(found, f"{name}.snconv1x1_o_conv")

    def __call__(self, z: Tensor, weights: Tensor) -> Tensor:
        condition = torch.cat([z.double(), weights.double() @ self.state["embeddings.weight"].t()], dim=1)
        x = condition @ self.weight("generator.gen_z").t() + self.state["generator.gen_z.bias"]
        x = x.unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)
        place = 0
        for i, up in enumerate(self.doublings):
            if i == ATTENTION:
                x = self.attention(x, f"generator.layers.{place}")
                place += 1
            x = self.block(x, f"generator.layers.{place}", condition, up)
            place += 1
        mean, variance = self.statistics("generator.bn")
        gain, offset = (self.state[f"generator.bn.{kind}"].view(1, -1, 1, 1) for kind in ("weight", "bias"))
        x = ((x - mean) / (variance + self.eps).sqrt() * gain + offset).relu()
        return torch.tanh(self.conv(x, "generator.conv_to_rgb")[:, :3])


DOUBLINGS = [row[0] for row in LAYERS]


def close(pictures: Tensor, expected: Tensor) -> None:
    assert pictures.shape == expected.shape
    assert pictures.dtype == torch.float32
    assert expected.std() > 0.05, "a picture of nothing proves nothing"
    assert expected.abs().median() < 0.95, "nor does a saturated one"
    assert (pictures.double() - expected).abs().max() < 1e-4


@pytest.mark.parametrize("psi", [1.0, 0.7, 0.6, 0.45, 0.123, 0.0])
def test_same_numbers_as_the_plain_network_at_its_truncation(psi: float):
    """psi both shrinks z and chooses the statistics, as the original is called for a truncated picture."""
    state = file_state()
    model = biggan.load(content(state))
    z, label = torch.randn(3, Z), [2, 0, 3]
    expected = Reference(state, DOUBLINGS, psi)(z * psi, F.one_hot(torch.tensor(label), CLASSES))
    pictures = model.synthesize(model.map(z, label, psi=psi))
    assert model.resolution == 32
    close(pictures, expected)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch_save_old_and_new(zipped: bool, tmp_path: Path):
    state, path = file_state(), tmp_path / "pytorch_model.bin"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    model = open_checkpoint(path)
    z = torch.randn(1, Z)
    expected = Reference(state, DOUBLINGS, 0.6)(z * 0.6, F.one_hot(torch.tensor([1]), CLASSES))
    close(model.synthesize(model.map(z, [1], psi=0.6)), expected)


def test_class_weights_blend_the_embeddings():
    state = file_state()
    model = biggan.load(content(state))
    z, weights = torch.randn(2, Z), torch.tensor([[0.5, 0.5, 0, 0], [0.1, 0.2, 0.3, 0.4]])
    ws = model.map(z, weights)
    assert torch.allclose(ws[:, 0, :Z], z)
    assert torch.allclose(ws[:, 0, Z:-1], weights @ state["embeddings.weight"].t(), atol=1e-6)
    close(model.synthesize(ws), Reference(state, DOUBLINGS, 1.0)(z, weights))


def test_the_truncation_is_a_number_of_w_that_steers_statistics_alone():
    state = file_state()
    model = biggan.load(content(state))
    ws = model.map(torch.randn(1, Z), [1])
    assert model.w_dim == CONDITION + 1
    assert (ws[:, :, -1] == 1).all()
    outside = ws.clone()
    outside[:, :, -1] = 1.5  # a walk or a direction may lead there: the last statistics that there are
    assert torch.equal(model.synthesize(outside), model.synthesize(ws))
    for table in (name for name in state if "running_" in name):
        state[table] = state[table][:1].expand(STATS, -1).contiguous()
    same = biggan.load(content(state))
    outside[:, :, -1] = 0.3
    assert torch.allclose(same.synthesize(outside), same.synthesize(ws), atol=1e-6)


def test_one_row_a_block_for_mixing():
    state = file_state()
    model = biggan.load(content(state))
    assert [(layer.index, layer.resolution) for layer in model.layers] == list(enumerate([4, 4, 8, 8, 16, 16, 32]))
    one, other = model.map(torch.randn(2, Z), [0, 1])
    for row in range(model.num_ws):
        changed = one.clone()
        changed[row] = other[row]
        assert not torch.equal(model.synthesize(changed[None]), model.synthesize(one[None])), row


def test_it_has_classes_and_no_critic():
    model = biggan.load(content(file_state(), Path("BigGAN deep 32.bin")))
    assert model.name == "biggan-deep-32"
    assert model.classes == ("0", "1", "2", "3")
    assert not model.has_critic
    with pytest.raises(LatentError, match="without its critic"):
        model.criticize(torch.zeros(1, 3, 32, 32), [0])
    with pytest.raises(LatentError, match="class"):
        model.map(torch.zeros(1, Z))
    with pytest.raises(CheckpointError, match="without one"):
        biggan.load(content(file_state()), content({}, Path("critic.bin")))


def test_config_beside_the_file_says_which_blocks_double(tmp_path: Path):
    layers = [(True, 4, 4), (False, 4, 4), (True, 4, 2), (True, 2, 2), (False, 2, 2), (False, 2, 1)]
    state = file_state(layers)
    rows = [[up, a, b] for up, a, b in layers]
    (tmp_path / "config.json").write_text(json.dumps({"layers": rows, "eps": 0.01, "z_dim": Z}))
    model = biggan.load(content(state, tmp_path / "pytorch_model.bin"))
    z = torch.randn(2, Z)
    expected = Reference(state, [row[0] for row in layers], 1.0, eps=0.01)(z, F.one_hot(torch.tensor([1, 1]), CLASSES))
    close(model.synthesize(model.map(z, [1, 1])), expected)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"layers": 3}', '{"layers": [[true, 16, 16]]}', "\ud800"])
def test_a_config_of_another_network_is_left_alone(text: str, tmp_path: Path):
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    state = file_state()
    model = biggan.load(content(state, tmp_path / "pytorch_model.bin"))
    z = torch.randn(1, Z)
    expected = Reference(state, DOUBLINGS, 1.0)(z, F.one_hot(torch.tensor([1]), CLASSES))
    close(model.synthesize(model.map(z, [1])), expected)


def test_weights_without_their_spectral_norm_open_too():
    state = file_state()
    reference = Reference(state, DOUBLINGS, 1.0)
    plain = {k: t for k, t in state.items() if not k.endswith(("weight_orig", "weight_u", "weight_v"))}
    for name in (k.removesuffix(".weight_orig") for k in state if k.endswith("weight_orig")):
        plain[f"{name}.weight"] = reference.weight(name).float()
    one, other = biggan.load(content(state)), biggan.load(content({"state_dict": plain}))
    ws = one.map(torch.randn(1, Z), [0])
    assert torch.allclose(one.synthesize(ws), other.synthesize(ws), atol=1e-5)


@pytest.mark.parametrize("place", [*range(0, 120, 7), -1])
def test_a_missing_tensor_is_named(place: int):
    state = file_state()
    name = [k for k in state if k not in biggan.MARKS][place]
    del state[name]
    with pytest.raises(CheckpointError) as caught:
        biggan.load(content(state))
    assert str(caught.value).endswith(".")
    assert name in str(caught.value) or "numbered" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("generator.layers.1.conv_0.weight_u", torch.zeros(8), "spectral norm of zero"),
        ("generator.layers.2.bn_1.running_vars", -torch.ones(STATS, 8), "statistics"),
        ("generator.layers.0.conv_3.bias", torch.zeros(13), "channels"),
        ("generator.layers.7.conv_3.bias", torch.zeros(13), "numbered|channels"),
        ("generator.bn.weight", torch.full((WIDTH,), float("inf")), "not finite"),
        ("generator.surprise", torch.zeros(1), "surprise"),
        ("embeddings.weight", torch.zeros(CONDITION, CLASSES), "first layer"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(name: str, value: Tensor, words: str):
    with pytest.raises(CheckpointError, match=words) as caught:
        biggan.load(content({**file_state(), name: value}))
    assert str(caught.value).endswith(".")
