"""Training of the networks beside a generator: what they learn on made-up pictures, and what is said of them."""

from __future__ import annotations

import gzip
import math
import struct
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch

from generator.companions.autoencoder import Autoencoder, AutoencoderConfig, OpenAutoencoder, open_autoencoder
from generator.companions.classifier import open_classifier
from generator.companions.recurrent import Recurrent, RecurrentConfig, open_recurrent
from training import autoencoder, classifier, recurrent
from training.autoencoder import CodebookAverages, psnr
from training.classifier import jitter
from training.companion import shuffled
from training.recurrent import train_network, unigram_bits


def clothes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten classes of bright 12×12 squares, each at its own place, with some noise: 28×28 bytes, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    pixels = np.zeros((count, 28, 28))
    for i, label in enumerate(labels):
        y, x = 3 + 9 * (label // 5) + rng.integers(2), 3 * (label % 5) + rng.integers(2)
        pixels[i, y : y + 12, x : x + 12] = rng.uniform(120, 220)
    return (pixels + rng.uniform(0, 20, pixels.shape)).astype(np.uint8), labels.astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("idx")
    for split, count in (("train", 640), ("t10k", 160)):
        for rest, values in zip(("images-idx3-ubyte", "labels-idx1-ubyte"), clothes(count, count), strict=True):
            head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
            (folder / f"{split}-{rest}.gz").write_bytes(gzip.compress(head + values.tobytes(), 1))
    return folder


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All three trained by their commands, the way a reader would."""
    out = tmp_path_factory.mktemp("checkpoints")
    common = ["--data", str(data), "--name", "tiny", "--out", str(out), "--batch", "32"]
    assert classifier.main([*common, "--passes", "3"]) == 0
    small = ["--codes", "16", "--code-dim", "8", "--width", "16", "--learning-rate", "0.004"]
    assert autoencoder.main([*common, "--passes", "10", *small]) == 0
    assert recurrent.main([*common, "--passes", "14", "--hidden", "48", "--learning-rate", "0.01"]) == 0
    return out / "tiny"


def test_the_classifier_learns(out: Path):
    opened = open_classifier(out)
    assert opened.accuracy > 0.9
    assert opened.description.provenance.pictures_seen == 3 * 640


def test_the_autoencoder_learns(out: Path):
    opened = open_autoencoder(out)
    measured = opened.description.measured
    assert measured["psnr"] > 18  # 12 dB is what the mean picture reaches
    assert measured["psnr_without_padding"] < measured["psnr"]
    assert 4 <= measured["codes_used"] <= 16
    assert 0 < measured["code_entropy_bits"] <= 4


def test_the_recurrent_network_learns(out: Path):
    opened = open_recurrent(out)
    measured = opened.description.measured
    assert measured["bits_per_code"] < measured["bits_per_code_unigram_by_place"] <= measured["bits_per_code_unigram"]
    assert measured["class_agreement"] > 0.5, measured  # a tenth by chance
    assert opened.sample([0, 9], seed=1).shape == (2, 8, 8)


def test_a_recurrent_network_needs_its_autoencoder(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert recurrent.main(["--data", str(data), "--name", "tiny", "--out", str(tmp_path)]) == 2
    assert "autoencoder.safetensors" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--passes", "0"], ["--batch", "0"], ["--name", "Tiny/"], ["--resolution", "33"]])
def test_wrong_options_are_a_sentence(data: Path, tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]):
    assert classifier.main(["--data", str(data), "--name", "tiny", "--out", str(tmp_path), *wrong]) == 2
    error = capsys.readouterr().err
    assert error.startswith("training: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_codebook_finds_clusters():
    """Vectors round four points: after some batches, each point has a code close by, and each code is close to one."""
    points = torch.tensor([[4.0, 0], [0, 4], [-4, 0], [0, -4]])
    network = Autoencoder(AutoencoderConfig(32, codes=12, code_dim=2, width=4, blocks=0))
    averages = CodebookAverages(network.codebook, decay=0.9)
    rng = torch.Generator().manual_seed(0)
    for _ in range(60):
        rows = points[torch.randint(4, (64,), generator=rng)] + 0.1 * torch.randn(64, 2, generator=rng)
        codes = network.nearest(rows.t()[None, :, :, None])[0, :, 0]
        averages.update(rows, codes)
    distance = torch.cdist(points, network.codebook)
    assert float(distance.min(dim=1).values.max()) < 0.2
    assert float(distance.min(dim=0).values.max()) < 0.4


def test_a_code_that_nothing_is_near_is_put_to_use():
    network = Autoencoder(AutoencoderConfig(32, codes=2, code_dim=1, width=4, blocks=0))
    network.codebook.copy_(torch.tensor([[0.0], [1e6]]))
    CodebookAverages(network.codebook).update(torch.randn(32, 1), torch.zeros(32, dtype=torch.long))
    assert float(network.codebook.abs().max()) < 10


def test_psnr_against_its_definition():
    x = torch.zeros(2, 1, 4, 4) - 1
    assert math.isclose(psnr(x, x + 2 / 255), 20 * math.log10(255), rel_tol=1e-6)  # one level off everywhere
    assert psnr(x, x - 5) == psnr(x, x) > 100  # clipped, as on a screen


def test_unigram_bits_against_closed_forms():
    even = torch.arange(8).repeat(1000).view(-1, 4)
    assert math.isclose(unigram_bits(even, even, 8), 3, abs_tol=1e-3)
    column = torch.arange(4).expand(4000, -1)  # each place has its own code: known by place, two bits without
    assert math.isclose(unigram_bits(column, column, 4), 2, abs_tol=1e-3)
    assert unigram_bits(column, column, 4, by_place=True) < 0.01
    assert math.isclose(unigram_bits(torch.zeros(6, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.long), 2), 3)


def test_it_learns_what_follows_what():
    """Rows that count upwards from a random code: one code in four is a surprise, the others are not."""
    torch.manual_seed(0)
    network = Recurrent(RecurrentConfig(codes=5, side=4, hidden=24, embed=8, context=4))
    start = torch.randint(0, 5, (512, 4, 1))
    codes = ((start + torch.arange(4)) % 5).flatten(1)
    args = Namespace(learning_rate=0.02, passes=6, batch=32, seed=0, device="cpu")
    train_network(network, args, codes, torch.zeros(512, dtype=torch.long))
    with torch.no_grad():
        chances = network(codes, torch.zeros(512, dtype=torch.long)).log_softmax(2).gather(2, codes[:, :, None])
    bits = -chances.view(512, 4, 4).mean(dim=(0, 1)) / math.log(2)
    assert math.isclose(float(bits[0]), math.log2(5), abs_tol=0.15)
    assert float(bits[1:].max()) < 0.15


def test_batches_hold_everything_once_and_in_another_order_each_time():
    first, second = (torch.cat(list(shuffled(10, 3, 0, epoch))).tolist() for epoch in (0, 1))
    assert len(first) == len(set(first)) == 9
    assert first != second
    assert first == torch.cat(list(shuffled(10, 3, 0, 0))).tolist()
    assert [len(part) for part in shuffled(2, 5, 0, 0)] == [2]


def test_jitter_moves_by_two_pixels_at_most():
    x = torch.zeros(200, 1, 9, 9)
    x[:, :, 4, 4] = 1
    moved = jitter(x, torch.Generator().manual_seed(0))
    places = moved.flatten(1).argmax(dim=1)
    assert torch.equal(moved.sum(dim=(1, 2, 3)), torch.ones(200))
    rows, columns = places // 9 - 4, places % 9 - 4
    assert set(rows.tolist()) == set(columns.tolist()) == {-2, -1, 0, 1, 2}


def test_opened_autoencoders_use_the_weights_as_stored(out: Path):
    opened = open_autoencoder(out)
    assert isinstance(opened, OpenAutoencoder)
    for tensor in opened.network.state_dict().values():
        assert torch.equal(tensor, tensor.half().float())
