"""Training pictures as an autoencoder remembers them: the right codes beside the right names."""

from __future__ import annotations

import pytest
import torch

from generator import Provenance
from generator.companions import Autoencoder, AutoencoderConfig, Description, OpenAutoencoder
from training.data import Pictures
from training.errors import TrainingError
from training.remember import main, remember_codes


def opened(data: Pictures) -> OpenAutoencoder:
    """Untrained, with a codebook of what its encoder makes of these pictures."""
    torch.manual_seed(0)
    network = Autoencoder(AutoencoderConfig(32, num_classes=2, codes=9, code_dim=4, width=4, blocks=0, img_channels=3))
    with torch.no_grad():
        found = network.encoder(data.batch(torch.arange(8)).float() / 127.5 - 1).permute(0, 2, 3, 1).flatten(0, 2)
        network.codebook.copy_(found[:: len(found) // 9][:9])
    said = Description("shapes", "1.0", ("disc", "square"), Provenance("T", "CC0", "nobody", "made up"), {})
    return OpenAutoencoder(network.eval(), said)


def test_each_record_has_the_codes_of_its_picture(split: tuple[Pictures, Pictures]):
    data, autoencoder = split[0], opened(split[0])
    records = tuple(data.names[i] for i in (7, 2, 5))
    kept = remember_codes(autoencoder, "shapes", "2.0", data, records)
    assert (kept.name, kept.version, kept.records) == ("shapes", "2.0", records)
    assert kept.labels.tolist() == data.labels[[7, 2, 5]].tolist()
    each = [autoencoder.encode(data.batch(torch.tensor([i])).float() / 127.5 - 1) for i in (7, 2, 5)]
    assert torch.equal(kept.tables([0, 1, 2], autoencoder.side), torch.cat(each))
    assert not torch.equal(each[0], each[1])


def test_other_data_are_refused(split: tuple[Pictures, Pictures]):
    with pytest.raises(TrainingError, match=r"elsewhere\.png"):
        remember_codes(opened(split[0]), "shapes", "2.0", split[0], ("elsewhere.png",))


def test_no_model_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: object):
    assert main(["--data", str(tmp_path), "--name", "nobody", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("training: ")
