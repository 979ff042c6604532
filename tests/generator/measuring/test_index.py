"""The index of the training pictures: what is near is found, the file is small, broken ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from generator import CheckpointError
from generator.errors import FeatureError
from generator.measuring.index import AXES, FILE, QUANTILES, Index, Match, open_index
from generator.storage.network_file import read_network, write_network

SOURCE = "https://example.org/image-{number}.jpg"


def clusters(seed: int, count: int, width: int = 100) -> Tensor:
    """Vectors round five centres, the same for every seed, with less and less spread along the dimensions."""
    centres = torch.randn(5, width, generator=torch.Generator().manual_seed(0)) * 4
    rng = torch.Generator().manual_seed(seed)
    spread = 1 / (1 + torch.arange(width) / 10)
    return (centres[torch.arange(count) % 5] + torch.randn(count, width, generator=rng)) * spread


TRAINING = clusters(1, 300)
RECORDS = tuple(f"class{i % 5}/{i:05d}.jpg" for i in range(300))


@pytest.fixture(scope="module")
def index() -> Index:
    """300 records of 100 features."""
    return Index.build("some-network", RECORDS, TRAINING, clusters(2, 80), SOURCE)


def test_nearest_of_a_training_picture_is_the_picture_itself(index: Index):
    for i in (0, 7, 299):
        first, second = index.nearest(TRAINING[i], 2)
        assert first.record == RECORDS[i] and first.number == i
        assert first.distance < 0.1 < second.distance
        assert first.closer_than == 1.0


def test_matches_come_nearest_first_and_are_nearly_those_of_the_features_themselves(index: Index):
    queries = clusters(3, 40)
    exact = torch.cdist(queries, TRAINING)
    found = 0
    for row, query in enumerate(queries):
        matches = index.nearest(query, 5)
        distances = [match.distance for match in matches]
        assert distances == sorted(distances) and len({match.record for match in matches}) == 5
        found += RECORDS[int(exact[row].argmin())] in {match.record for match in matches}
    assert found >= 36  # what 64 axes of 100 and 8 bits leave of it


def test_closer_than_is_the_share_of_held_out_pictures_farther_away(index: Index):
    distances = index.distances(clusters(2, 80)).amin(dim=1)
    for place in (0.1, 0.5, 0.9):
        threshold = float(distances.quantile(place))
        assert index.closer_than(threshold) == pytest.approx(1 - place, abs=0.02)
    assert index.closer_than(float(distances.max()) + 1) == 0
    shares = [index.closer_than(d) for d in torch.linspace(0, 10, 50).tolist()]
    assert shares == sorted(shares, reverse=True)


def test_fewer_features_than_axes_and_fewer_records_than_asked_for():
    small = Index.build("n", ("a", "b", "c"), torch.eye(3)[:, :2], torch.zeros(2, 2))
    assert [match.record for match in small.nearest(torch.tensor([0.9, 0.0]), 9)] == ["a", "c", "b"]
    assert small.axes.shape == (2, 2) and small.link("a") is None


def test_it_is_stored_and_opened_again(index: Index, tmp_path: Path):
    path = index.save(tmp_path)
    again = open_index(tmp_path)
    assert path == tmp_path / FILE and path.stat().st_size < 300 * (AXES + 30) + 100 * AXES * 2 + 4000
    assert (again.network, again.source, again.records) == ("some-network", SOURCE, RECORDS)
    for query in clusters(4, 10):
        assert [m.record for m in again.nearest(query)] == [m.record for m in index.nearest(query)]
        for ours, theirs in zip(again.nearest(query), index.nearest(query), strict=True):
            assert ours.distance == pytest.approx(theirs.distance, rel=1e-3)


@pytest.mark.parametrize(
    ("record", "number"),
    [
        ("apple/00012.jpg", 12),
        ("00012.jpg", 12),
        ("train/00007", 7),
        ("t10k/00120", 120),
        ("01234 46.40N 010.50E 6.40", 1234),
        ("class2/0003.png", 3),
        ("apple/red.jpg", None),
        ("7/red", None),
    ],
)
def test_a_record_has_the_number_in_its_name(record: str, number: int | None):
    assert Match(record, 0, 0).number == number


@pytest.mark.parametrize(
    ("source", "record", "link"),
    [
        (SOURCE, "apple/00012.jpg", "https://example.org/image-12.jpg"),
        (SOURCE, "apple/red.jpg", None),
        ("", "apple/00012.jpg", None),
        ("https://example.org/{latitude}/{longitude}", "00012 46.40N 010.50E 6.40", "https://example.org/46.4/10.5"),
        ("https://example.org/{latitude}/{longitude}", "00012 05.40S 110.50W", "https://example.org/-5.4/-110.5"),
        ("https://example.org/{latitude}", "apple/00012.jpg", None),
        ("https://example.org/collection", "apple/red.jpg", "https://example.org/collection"),
    ],
)
def test_links_are_filled_in_or_left_out(source: str, record: str, link: str | None):
    index = Index.build("n", (record, "b"), torch.eye(2), torch.zeros(2, 2), source)
    assert index.link(record) == link


@pytest.mark.parametrize("k", [0, -1, True, 2.0])
def test_a_senseless_number_of_matches_is_refused(index: Index, k: int):
    with pytest.raises(FeatureError, match="whole number from 1"):
        index.nearest(TRAINING[0], k)


@pytest.mark.parametrize(
    "features",
    [torch.zeros(99), torch.zeros(2, 100), torch.full((100,), torch.nan)],
    ids=["short", "table", "nan"],
)
def test_features_of_another_network_are_refused(index: Index, features: Tensor):
    with pytest.raises(FeatureError, match="tables of 100 finite features"):
        index.nearest(features)


@pytest.mark.parametrize("records", [("a",), ("a", "b", "c")])
def test_an_index_needs_a_name_for_each_of_two_records_or_more(records: tuple[str, ...]):
    with pytest.raises(FeatureError, match="one name each"):
        Index.build("n", records, torch.eye(max(len(records) - 1, 1)), torch.zeros(2, 2))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"header": {"network": 3}}, "what it was measured with"),
        ({"header": {"source": None}}, "what it was measured with"),
        ({"header": {"source": "javascript:alert(1)"}}, "do not begin with https://"),
        ({"header": {"records": "abc"}}, "does not name its records"),
        ({"header": {"records": []}}, "does not name its records"),
        ({"header": {"records": ["a"]}}, "do not fit"),
        ({"tensors": {"codes": torch.zeros(300, 3, dtype=torch.uint8)}}, "do not fit"),
        ({"tensors": {"codes": torch.zeros(300, AXES)}}, "do not fit"),
        ({"tensors": {"axes": torch.zeros(100)}}, "do not fit"),
        ({"tensors": {"exact.low": None}}, "do not fit"),
        ({"tensors": {"exact.step": torch.zeros(AXES)}}, "do not ascend"),
        ({"tensors": {"exact.held_out": torch.linspace(1, 0, QUANTILES)}}, "do not ascend"),
        ({"tensors": {"exact.mean": torch.full((100,), torch.nan)}}, "not finite"),
    ],
)
def test_a_broken_index_is_refused_in_a_sentence(index: Index, tmp_path: Path, change: dict[str, Any], sentence: str):
    tensors, header = read_network(index.save(tmp_path), "index")
    tensors.update(change.get("tensors", {}))
    header.update(change.get("header", {}))
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    write_network(tmp_path / FILE, "index", kept, header, torch.float32)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        open_index(tmp_path)
    assert str(caught.value).endswith(".")


def test_a_missing_or_cut_file_is_refused(index: Index, tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"no file index\.safetensors"):
        open_index(tmp_path)
    path = index.save(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        open_index(tmp_path)
