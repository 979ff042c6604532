"""FastGAN files, written here in the original program's layout, against a plain float64 reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from generator import open_checkpoint
from generator.errors import CheckpointError, LatentError
from generator.formats import fastgan
from generator.formats.content import Content
from generator.formats.state import State
from generator.gated import NOISE_SEED
from generator.latents import draw_z

NZ, NGF = 12, 8
MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # of ngf, the paper's program
JUDGED = {4: 16, 8: 16, 16: 8, 32: 4, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}  # of ndf
Tensors = dict[str, Tensor]


# ---- files in the original layout ---------------------------------------------------------------------------------


def spectral(name: str, *shape: int) -> Tensors:
    """A weight as torch.nn.utils.spectral_norm keeps it: dimension 1 counts as the rows of a transposed convolution."""
    rows = shape[1] if name == "init.init.0" else shape[0]
    columns = torch.Size(shape).numel() // rows
    vectors = {
        "weight_u": F.normalize(torch.randn(rows), dim=0),
        "weight_v": F.normalize(torch.randn(columns), dim=0),
    }
    weight = torch.randn(shape)
    matrix = (weight.transpose(0, 1) if name == "init.init.0" else weight).flatten(1)
    for _ in range(3):  # as training leaves them: nearly, not quite, the first singular vectors
        vectors["weight_v"] = F.normalize(matrix.t() @ vectors["weight_u"], dim=0)
        vectors["weight_u"] = F.normalize(matrix @ vectors["weight_v"], dim=0)
    return {f"{name}.weight_orig": weight, **{f"{name}.{k}": v for k, v in vectors.items()}}


def norm(name: str, channels: int) -> Tensors:
    return {
        f"{name}.weight": 1 + torch.rand(channels),
        f"{name}.bias": torch.randn(channels) / 2,
        f"{name}.running_mean": torch.randn(channels) / 10,  # `write` puts those of some pictures into their places
        f"{name}.running_var": 0.5 + torch.rand(channels),
        f"{name}.num_batches_tracked": torch.tensor(17),
    }


def excitation(name: str, a: int, b: int) -> Tensors:
    return spectral(f"{name}.main.1", b, a, 4, 4) | spectral(f"{name}.main.3", b, b, 1, 1)


def up(name: str, a: int, b: int, double: bool) -> Tensors:
    if not double:
        return spectral(f"{name}.1", 2 * b, a, 3, 3) | norm(f"{name}.2", 2 * b)
    found: Tensors = {}
    for place, wide in ((1, a), (5, b)):
        found |= spectral(f"{name}.{place}", 2 * b, wide, 3, 3)
        found |= {f"{name}.{place + 1}.weight": torch.rand(1) + 0.2}
        found |= norm(f"{name}.{place + 2}", 2 * b)
    return found


def generator_state(size: int, channels: int = 3) -> Tensors:
    """In the order in which the original registers its layers: heads before those that only large sizes have."""
    c = {side: int(multiple * NGF) for side, multiple in MULTIPLES.items()}
    found = spectral("init.init.0", NZ, 2 * c[4], 4, 4) | norm("init.init.1", 2 * c[4])
    for side in (8, 16, 32, 64, 128, 256):
        found |= up(f"feat_{side}", c[side // 2], c[side], double=side in (8, 32, 128))
    for side, small in ((64, 4), (128, 8), (256, 16)):
        found |= excitation(f"se_{side}", c[small], c[side])
    found |= spectral("to_128", channels, c[128], 1, 1) | spectral("to_big", channels, c[size], 3, 3)
    if size > 256:
        found |= up("feat_512", c[256], c[512], double=True) | excitation("se_512", c[32], c[512])
    if size > 512:
        found |= up("feat_1024", c[512], c[1024], double=False)
    return found


def critic_state(size: int, channels: int = 3) -> Tensors:
    c = {side: int(multiple * NGF) for side, multiple in JUDGED.items()}
    if size == 1024:
        found = spectral("down_from_big.0", c[1024], channels, 4, 4)
        found |= spectral("down_from_big.2", c[512], c[1024], 4, 4) | norm("down_from_big.3", c[512])
    else:
        found = spectral("down_from_big.0", c[512], channels, *((4, 4) if size == 512 else (3, 3)))
    for n, a, b in ((4, 512, 256), (8, 256, 128), (16, 128, 64), (32, 64, 32), (64, 32, 16)):
        found |= spectral(f"down_{n}.main.0", c[b], c[a], 4, 4) | norm(f"down_{n}.main.1", c[b])
        found |= spectral(f"down_{n}.main.3", c[b], c[b], 3, 3) | norm(f"down_{n}.main.4", c[b])
        found |= spectral(f"down_{n}.direct.1", c[b], c[a], 1, 1) | norm(f"down_{n}.direct.2", c[b])
    found |= spectral("rf_big.0", c[8], c[16], 1, 1) | norm("rf_big.1", c[8]) | spectral("rf_big.3", 1, c[8], 4, 4)
    for name, a, b in (("se_2_16", 512, 64), ("se_4_32", 256, 32), ("se_8_64", 128, 16)):
        found |= excitation(name, c[a], c[b])
    found |= spectral("down_from_small.0", c[256], channels, 4, 4)
    for place, a, b in ((2, 256, 128), (3, 128, 64), (4, 64, 32)):
        found |= spectral(f"down_from_small.{place}.main.0", c[b], c[a], 4, 4)
        found |= norm(f"down_from_small.{place}.main.1", c[b])
    found |= spectral("rf_small", 1, c[32], 4, 4)
    return found | spectral("decoder_big.main.1.1", 16, c[16], 3, 3) | norm("decoder_big.main.1.2", 16)


def is_parameter(name: str) -> bool:
    return not name.endswith(("weight_u", "weight_v", "running_mean", "running_var", "num_batches_tracked"))


def write(path: Path, size: int, prefix: str = "", channels: int = 3) -> tuple[Tensors, Tensors]:
    """A training file, its averages well away from its own weights; returns the generator to expect, the critic."""
    own, critic = generator_state(size, channels), critic_state(size, channels)
    other = generator_state(size, channels)
    averaged = {k: torch.lerp(v, other[k], 0.3) for k, v in own.items() if is_parameter(k)}
    noise = [torch.randn(2, 1, side, side) for side in (8, 8, 32, 32, 128, 128, 512, 512)]
    settle(own, Reference(own | averaged), lambda network: network.generate(torch.randn(2, NZ), noise))
    settle(critic, Reference(critic), lambda network: network.judge(torch.rand(2, channels, size, size) * 2 - 1))
    torch.save(
        {
            "g": {prefix + k: v for k, v in own.items()},
            "d": {prefix + k: v for k, v in critic.items()},
            "g_ema": list(averaged.values()),
            "opt_g": {"state": {}, "param_groups": [{"lr": 2e-4, "betas": (0.5, 0.999), "params": [0, 1]}]},
            "opt_d": {"state": {}, "param_groups": []},
        },
        path,
    )
    return own | averaged, critic


def content_of(path: Path) -> Content:
    return Content(path, "torch", torch.load(path, weights_only=True))


# ---- the reference: float64, straight from the paper's layers -----------------------------------------------------


class Reference:
    def __init__(self, state: Tensors) -> None:
        self.state = {k: v.double() for k, v in state.items()}
        self.settling = False

    def weight(self, name: str) -> Tensor:
        w, u, v = (self.state[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        matrix = w.transpose(0, 1) if name == "init.init.0" else w
        return w / torch.dot(u, matrix.reshape(len(u), -1) @ v)

    def norm(self, x: Tensor, name: str) -> Tensor:
        if self.settling:
            self.state[f"{name}.running_mean"] = x.mean(dim=(0, 2, 3))
            self.state[f"{name}.running_var"] = x.var(dim=(0, 2, 3)) * 1.3 + 1e-3
        mean, var, w, b = (self.state[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, w, b, training=False)

    def excite(self, name: str, small: Tensor, large: Tensor) -> Tensor:
        x = F.conv2d(F.adaptive_avg_pool2d(small, 4), self.weight(f"{name}.main.1"))
        x = F.conv2d(x * torch.sigmoid(x), self.weight(f"{name}.main.3"))
        return large * torch.sigmoid(x)

    def generate(self, z: Tensor, noise: list[Tensor] | None) -> Tensor:
        left = iter(noise or [])
        x = F.conv_transpose2d(z.double()[:, :, None, None], self.weight("init.init.0"))
        maps = {4: F.glu(self.norm(x, "init.init.1"), dim=1)}
        side = 4
        while f"feat_{side * 2}.1.weight_orig" in self.state:
            x, side = F.interpolate(maps[side], scale_factor=2), side * 2
            name = f"feat_{side}"
            double = f"{name}.5.weight_orig" in self.state
            for place in (1, 5) if double else (1,):
                x = F.conv2d(x, self.weight(f"{name}.{place}"), padding=1)
                if double and noise is not None:
                    x = x + self.state[f"{name}.{place + 1}.weight"] * next(left).double()
                x = F.glu(self.norm(x, f"{name}.{place + 2 if double else place + 1}"), dim=1)
            if f"se_{side}.main.1.weight_orig" in self.state:
                x = self.excite(f"se_{side}", maps[side // 16], x)
            maps[side] = x
        x = F.conv2d(maps[side], self.weight("to_big"), padding=1)
        return x.tanh() if side == 1024 else x

    def lrelu(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2)

    def down(self, x: Tensor, name: str) -> Tensor:
        a = self.lrelu(self.norm(F.conv2d(x, self.weight(f"{name}.main.0"), stride=2, padding=1), f"{name}.main.1"))
        a = self.lrelu(self.norm(F.conv2d(a, self.weight(f"{name}.main.3"), padding=1), f"{name}.main.4"))
        b = F.conv2d(F.avg_pool2d(x, 2), self.weight(f"{name}.direct.1"))
        return (a + self.lrelu(self.norm(b, f"{name}.direct.2"))) / 2

    def judge(self, images: Tensor) -> Tensor:
        images = images.double()
        size = images.shape[-1]
        first = self.weight("down_from_big.0")
        x = self.lrelu(F.conv2d(images, first, stride=1 if size == 256 else 2, padding=1))
        if size == 1024:
            x = F.conv2d(x, self.weight("down_from_big.2"), stride=2, padding=1)
            x = self.lrelu(self.norm(x, "down_from_big.3"))
        two = x
        four = self.down(two, "down_4")
        eight = self.down(four, "down_8")
        sixteen = self.excite("se_2_16", two, self.down(eight, "down_16"))
        last = self.excite("se_4_32", four, self.down(sixteen, "down_32"))
        last = self.excite("se_8_64", eight, self.down(last, "down_64"))
        big = self.lrelu(self.norm(F.conv2d(last, self.weight("rf_big.0")), "rf_big.1"))
        big = F.conv2d(big, self.weight("rf_big.3"))
        step = size // 128
        x = images[:, :, ::step, ::step]
        x = self.lrelu(F.conv2d(x, self.weight("down_from_small.0"), stride=2, padding=1))
        for i in (2, 3, 4):
            x = F.conv2d(x, self.weight(f"down_from_small.{i}.main.0"), stride=2, padding=1)
            x = self.lrelu(self.norm(x, f"down_from_small.{i}.main.1"))
        small = F.conv2d(x, self.weight("rf_small"))
        assert big.shape[2:] == small.shape[2:] == (5, 5)
        return torch.cat([big.flatten(1), small.flatten(1)], dim=1).mean(dim=1)


def own_noise(model: object) -> list[Tensor]:
    sizes = model._noise_sizes()  # type: ignore[attr-defined]
    return [draw_z(NOISE_SEED + i, n * n).view(1, 1, n, n) for i, n in enumerate(sizes)]


def settle(state: Tensors, network: Reference, run: Callable[[Reference], object]) -> None:
    """Running averages as training leaves them, or forty layers of random weights end in numbers beyond comparing."""
    network.settling = True
    run(network)
    for name in state:
        if name.endswith(("running_mean", "running_var")):
            state[name] = network.state[name].float()


def off(ours: Tensor, expected: Tensor) -> float:
    """The largest difference; of pictures beyond [−1, 1], as a share of how far they go."""
    return float((ours.double() - expected).abs().max() / max(1.0, float(expected.abs().max())))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One 256 px file for the tests that need any."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("fastgan") / "all_0.pth"
    write(path, 256)
    return path


# ---- tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "prefix"), [(256, ""), (512, "module."), (1024, "")])
def test_pictures_and_logits_are_the_originals(size: int, prefix: str, tmp_path: Path) -> None:
    """The averaged parameters, with the raw network's running averages and spectral vectors; tanh only at 1024."""
    path = tmp_path / "all_50000.pth"
    state, critic = write(path, size, prefix)
    content = content_of(path)
    assert fastgan.recognises(content)
    model = fastgan.load(content)
    assert (model.resolution, model.z_dim, model.num_ws, model.img_channels) == (size, NZ, 1, 3)
    z = torch.randn(1, NZ)
    pictures = model.synthesize(model.map(z), noise="none")
    expected = Reference(state).generate(z, None)
    assert expected.abs().max() > 0.25  # a tanh too many or too few would show
    assert off(pictures, expected) < 1e-4
    noisy = model.synthesize(model.map(z))
    assert off(noisy, Reference(state).generate(z, own_noise(model))) < 1e-4
    assert (noisy - pictures).abs().max() > 0.01
    logits = model.criticize(pictures)
    assert torch.allclose(logits.double(), Reference(critic).judge(pictures), rtol=1e-3, atol=1e-4)


def test_a_picture_is_the_same_alone_and_in_a_batch(small: Path) -> None:
    """Bit for bit, and its logit too: nothing in it looks at its neighbours."""
    model = open_checkpoint(small)  # through the door: read as data, and taken for no other format
    assert model.describe()["architecture"] == "FastGAN"
    z = torch.randn(3, NZ)
    pictures = model.synthesize(model.map(z))
    assert torch.equal(pictures[1:2], model.synthesize(model.map(z[1:2])))
    logits = model.criticize(pictures, together=True)
    assert torch.equal(logits[2:], model.criticize(pictures[2:]))
    assert logits.std() > 0
    seeded = model.synthesize(model.map(z), noise="seed", noise_seed=3)
    assert torch.equal(seeded[:1], model.synthesize(model.map(z[:1]), noise="seed", noise_seed=3))
    assert not torch.equal(seeded, pictures)


def test_truncation_goes_to_nought(small: Path) -> None:
    """There is no mapping: w is z, its average is 0."""
    model = fastgan.load(content_of(small))
    z = torch.randn(2, NZ)
    assert torch.equal(model.map(z)[:, 0], z)
    assert torch.allclose(model.map(z, psi=0.7)[:, 0], 0.7 * z)
    assert not model.map(z, psi=0.0).any()


def test_half_precision_is_near(small: Path) -> None:
    """bf16 changes numbers by its rounding, no more, and fp32 comes back as it was."""
    model = fastgan.load(content_of(small))
    z = torch.randn(1, NZ)
    exact = model.synthesize(model.map(z))
    model.use("bf16")
    near = model.synthesize(model.map(z))
    assert near.dtype == torch.float32
    assert 1e-5 < float((near - exact).square().mean().sqrt() / exact.std()) < 0.1
    model.use("fp32")
    assert torch.equal(model.synthesize(model.map(z)), exact)


def test_spectral_norm_is_torchs() -> None:
    """The folded weights are those that torch itself computes when not training, transposed convolution included."""
    for transposed, layer in ((False, nn.Conv2d(3, 5, 3)), (True, nn.ConvTranspose2d(3, 5, 4))):
        module = nn.utils.spectral_norm(layer)
        module(torch.randn(1, 3, 4, 4))  # training: one power iteration
        module.eval()(torch.randn(1, 3, 4, 4))
        state = State({f"x.{k}": v for k, v in module.state_dict().items()}, "A file")
        ours = state.spectral("x", *layer.weight.shape, transposed=transposed)
        assert torch.allclose(ours.float(), layer.weight, atol=1e-6)


def test_a_file_without_an_average_or_a_critic(tmp_path: Path, small: Path) -> None:
    """`50000.pth` holds the averaged network under `g` and has no list; a critic may be missing or lie apart."""
    path = tmp_path / "50000.pth"
    root = torch.load(small, weights_only=True)
    torch.save({"g": root["g"]}, path)
    content = content_of(path)
    model = fastgan.load(content)
    assert not model.has_critic
    with pytest.raises(LatentError, match="without its critic"):
        model.criticize(torch.zeros(1, 3, 256, 256))
    z = torch.randn(1, NZ)
    expected = Reference(root["g"]).generate(z, None)
    assert off(model.synthesize(model.map(z), noise="none"), expected) < 1e-4
    apart = tmp_path / "d.pth"
    torch.save(root["d"], apart)
    assert fastgan.load(content, content_of(apart)).has_critic
    with pytest.raises(CheckpointError, match="no critic of a FastGAN"):
        fastgan.load(content, Content(apart, "torch", {"x": torch.zeros(1)}))


def test_grey_pictures(tmp_path: Path) -> None:
    path = tmp_path / "all_0.pth"
    write(path, 256, channels=1)
    model = fastgan.load(content_of(path))
    assert model.synthesize(model.map(torch.randn(1, NZ))).shape == (1, 1, 256, 256)
    assert model.has_critic


def test_a_strange_critic_is_left_out_with_a_note(small: Path) -> None:
    """A fork's critic does not keep the generator from being opened, and is not silently taken for the paper's."""
    content = content_of(small)
    content.root["d"]["rf_big.7.weight"] = torch.zeros(3)
    model = fastgan.load(content)
    assert not model.has_critic
    assert "rf_big.7.weight" in model.provenance.notes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda root: root["g_ema"].pop(), "averaged parameters for a generator of"),
        (lambda root: root["g_ema"].reverse(), "not in the generator's order"),
        (lambda root: root["g"].pop("feat_64.2.running_var"), "lacks the tensor feat_64.2.running_var"),
        (lambda root: root["g"].pop("se_256.main.3.weight_u"), "lacks the tensor se_256.main.3.weight_u"),
        (lambda root: root["g"].update({"feat_16.9.gain": torch.ones(1)}), "averaged parameters for a generator"),
        (lambda root: root["g"].update({"x.running_var": torch.ones(1)}), "x.running_var that this program does not"),
        (lambda root: root["g"].update({"se_64.main.1.weight_u": torch.ones(2)}), "of the shape 2 where 16 belongs"),
        (lambda root: root["g"]["init.init.1.running_mean"].fill_(float("nan")), "not finite"),
        (lambda root: root["g"]["init.init.1.running_var"].fill_(-1.0), "negative variance"),
        (lambda root: root["g"]["feat_8.1.weight_u"].zero_(), "spectral norm of zero"),
        (lambda root: root["g"].update({"to_big.weight_v": torch.ones(72, dtype=torch.long)}), "whole numbers"),
    ],
)
def test_refused_in_one_sentence(change: object, says: str, small: Path) -> None:
    content = content_of(small)
    change(content.root)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match=says) as caught:
        fastgan.load(content)
    assert "all_0.pth" in str(caught.value) and str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    "root", [None, [], {}, {"g": 3}, {"g": {"conv1.weight": torch.zeros(1)}}, {1: {}}, torch.ones(1)]
)
def test_other_files_are_not_taken_for_one(root: object) -> None:
    assert not fastgan.recognises(Content(Path("x.pth"), "torch", root))
