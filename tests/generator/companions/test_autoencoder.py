"""The vector-quantised autoencoder: codes within their range, shapes both ways, files that are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator import CheckpointError, LatentError, Provenance
from generator.companions.autoencoder import (
    FILE,
    KIND,
    Autoencoder,
    AutoencoderConfig,
    OpenAutoencoder,
    open_autoencoder,
)
from generator.companions.companion import Description, save_companion

CONFIG = AutoencoderConfig(32, 2, codes=16, code_dim=4, width=8, blocks=1)
DESCRIPTION = Description("tiny", "1.0", ("disc", "square"), Provenance("Tiny", "none", "nobody", "made up"))


@pytest.fixture
def autoencoder() -> OpenAutoencoder:
    torch.manual_seed(0)
    return OpenAutoencoder(Autoencoder(CONFIG).eval(), DESCRIPTION)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_companion(tmp_path / FILE, KIND, Autoencoder(CONFIG), CONFIG, DESCRIPTION)
    return tmp_path / FILE


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 70])
def test_there_and_back_keeps_the_shape(channels: int, count: int):
    torch.manual_seed(0)
    opened = OpenAutoencoder(Autoencoder(replace(CONFIG, img_channels=channels)).eval(), DESCRIPTION)
    codes = opened.encode(torch.rand(count, channels, 32, 32) * 2 - 1)
    assert codes.shape == (count, 8, 8)
    assert codes.dtype == torch.int64
    assert not codes.numel() or 0 <= int(codes.min()) <= int(codes.max()) < 16
    assert opened.decode(codes).shape == (count, channels, 32, 32)


def test_each_place_gets_the_nearest_code(autoencoder: OpenAutoencoder):
    network = autoencoder.network
    z = torch.randn(3, CONFIG.code_dim, 5, 7)
    distance = torch.cdist(z.permute(0, 2, 3, 1).reshape(-1, CONFIG.code_dim), network.codebook)
    assert torch.equal(network.nearest(z).flatten(), distance.argmin(dim=1))


def test_the_vectors_of_codes_are_nearest_to_themselves(autoencoder: OpenAutoencoder):
    codes = torch.randint(0, 16, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    assert torch.equal(autoencoder.network.nearest(autoencoder.network.vectors(codes)), codes)


def test_a_code_paints_round_its_place_only(autoencoder: OpenAutoencoder):
    codes = torch.zeros(1, 8, 8, dtype=torch.long)
    other = codes.clone()
    other[0, 0, 0] = 1
    changed = (autoencoder.decode(codes) - autoencoder.decode(other)).abs()[0, 0]
    assert float(changed[:8, :8].max()) > 0
    assert float(changed[20:, 20:].max()) == 0


@pytest.mark.parametrize(
    "pictures",
    [
        torch.zeros(1, 1, 16, 16),
        torch.zeros(1, 3, 32, 32),
        torch.zeros(1, 32, 32),
        torch.full((1, 1, 32, 32), torch.nan),
        torch.zeros(1, 1, 32, 32, dtype=torch.uint8),
    ],
)
def test_other_pictures_are_refused(autoencoder: OpenAutoencoder, pictures: torch.Tensor):
    with pytest.raises(LatentError, match="pictures of"):
        autoencoder.encode(pictures)


@pytest.mark.parametrize(
    "codes",
    [
        torch.full((1, 8, 8), 16),
        torch.full((1, 8, 8), -1),
        torch.zeros(1, 8, 8),
        torch.zeros(1, 4, 8, dtype=torch.long),
        torch.zeros(8, 8, dtype=torch.long),
    ],
)
def test_other_codes_are_refused(autoencoder: OpenAutoencoder, codes: torch.Tensor):
    with pytest.raises(LatentError, match=r"codes|whole numbers"):
        autoencoder.decode(codes)


def test_its_file_opens_again(file: Path, autoencoder: OpenAutoencoder):
    opened = open_autoencoder(file.parent)
    assert opened.description == DESCRIPTION
    assert opened.network.config == CONFIG
    x = torch.rand(4, 1, 32, 32) * 2 - 1
    half = OpenAutoencoder(autoencoder.network.half().float(), DESCRIPTION)
    assert torch.equal(opened.encode(x), half.encode(x))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (replace(CONFIG, width=16), "shape|asks for|is \\("),
        (replace(CONFIG, blocks=2), "lacks the tensor"),
        (replace(CONFIG, blocks=0), "does not know|lacks|asks for"),
        (replace(CONFIG, num_classes=3), "3"),
    ],
)
def test_a_file_that_does_not_fit_its_description_is_refused(tmp_path: Path, config: AutoencoderConfig, sentence: str):
    save_companion(tmp_path / FILE, KIND, Autoencoder(CONFIG), config, DESCRIPTION)
    with pytest.raises(CheckpointError, match=sentence):
        open_autoencoder(tmp_path)


def test_another_kind_of_file_is_refused(tmp_path: Path):
    save_companion(tmp_path / FILE, "classifier", Autoencoder(CONFIG), CONFIG, DESCRIPTION)
    with pytest.raises(CheckpointError, match="holds a classifier, not an autoencoder"):
        open_autoencoder(tmp_path)


def test_no_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"no file autoencoder\.safetensors"):
        open_autoencoder(tmp_path)


@pytest.mark.parametrize("wrong", [{"resolution": 33}, {"codes": 1}, {"width": True}, {"img_channels": 2}])
def test_configurations_are_checked(wrong: dict[str, object]):
    with pytest.raises(CheckpointError):
        AutoencoderConfig.from_dict({**CONFIG.to_dict(), **wrong})
