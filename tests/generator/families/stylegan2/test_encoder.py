"""The encoder behind the door of a model: what `encode` answers, how it is kept, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generator import CheckpointError, LatentError, Model, draw_z, open_checkpoint, save_checkpoint
from generator.families.stylegan2 import EncoderConfig, stylegan2_of
from tests.generator.build import CRITIC, ENCODER, GENERATOR, lively_model, some_pictures

WITH_PRIOR = replace(GENERATOR, prior_layers=2, prior_width=8)


def model_with_encoder() -> Model:
    return lively_model(WITH_PRIOR, CRITIC, encoder=ENCODER)


def test_a_code_comes_back_as_the_noise_that_gives_it():
    model = model_with_encoder()
    networks = stylegan2_of(model)
    pictures, label = some_pictures(3, 3, 32), torch.eye(3)
    mean, spread = model.encode(pictures, [0, 1, 2])
    assert mean.shape == spread.shape == (3, model.z_dim)
    assert bool((spread > 0).all())
    assert networks.encoder is not None and networks.generator.mapping.prior is not None
    code, _ = networks.encoder(pictures, label)
    torch.testing.assert_close(networks.generator.mapping.prior(mean, label), code, rtol=1e-3, atol=1e-3)


def test_without_a_prior_the_code_is_the_latent():
    model = lively_model(GENERATOR, None, encoder=ENCODER)
    encoder = stylegan2_of(model).encoder
    assert encoder is not None
    pictures = some_pictures(2, 3, 32)
    mean, spread = model.encode(pictures, [0, 2])
    code, log_variance = encoder(pictures, torch.eye(3)[[0, 2]])
    torch.testing.assert_close(mean, code)
    torch.testing.assert_close(spread, (0.5 * log_variance).exp())


def test_a_picture_is_encoded_alike_alone_and_in_a_batch():
    model, pictures = model_with_encoder(), some_pictures(3, 3, 32)
    together = model.encode(pictures, [0, 1, 2])
    alone = model.encode(pictures[1:2], [1])
    for one, many in zip(alone, together, strict=True):
        assert torch.equal(one[0], many[1])
    assert model.encode(pictures[:0], torch.zeros(0, 3))[0].shape == (0, model.z_dim)


def test_it_is_kept_beside_generator_and_critic(tmp_path: Path):
    model = model_with_encoder()
    save_checkpoint(model, tmp_path, torch.float32)
    opened = open_checkpoint(tmp_path, precision="fp32")
    pictures = some_pictures(2, 3, 32)
    assert torch.equal(opened.encode(pictures, [0, 1])[0], model.encode(pictures, [0, 1])[0])
    z = draw_z(0, model.z_dim)[None]
    assert torch.equal(opened.map(z, [0]), model.map(z, [0]))
    counts = model.family.parameter_counts()
    assert counts == lively_model(WITH_PRIOR, CRITIC).family.parameter_counts()  # it is neither's


def test_what_is_refused(tmp_path: Path):
    with pytest.raises(LatentError, match="without an encoder"):
        lively_model().encode(some_pictures(1, 3, 32), [0])
    model = model_with_encoder()
    for pictures in (some_pictures(1, 3, 64), torch.full((1, 3, 32, 32), float("nan")), torch.zeros(3, 32, 32)):
        with pytest.raises(LatentError):
            model.encode(pictures, [0])
    with pytest.raises(LatentError, match="class"):
        model.encode(some_pictures(1, 3, 32))


@pytest.mark.parametrize("config", [replace(ENCODER, z_dim=7), replace(ENCODER, num_classes=2)])
def test_an_encoder_of_other_pictures(config: EncoderConfig, tmp_path: Path):
    save_checkpoint(lively_model(WITH_PRIOR, None, encoder=config), tmp_path)
    with pytest.raises(CheckpointError, match="reads other pictures"):
        open_checkpoint(tmp_path, precision="fp32")


def test_an_encoder_of_another_version(tmp_path: Path):
    save_checkpoint(replace(model_with_encoder(), version="1.0"), tmp_path / "one")
    save_checkpoint(replace(model_with_encoder(), version="2.0"), tmp_path / "two")
    (tmp_path / "two" / "encoder.safetensors").replace(tmp_path / "one" / "encoder.safetensors")
    with pytest.raises(CheckpointError, match="another model or version"):
        open_checkpoint(tmp_path / "one", precision="fp32")
