from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from studio import StoppedError, StudioError
from studio.tools.palette import MOST, WRITERS, Swatch, swatches
from studio.tools.take_home import KINDS, ROWS, SIZES, border_colour, enlarged, on_paper, write_picture

RNG = np.random.default_rng(0)
PICTURE = RNG.random((20, 24, 3), np.float32)
PACKET = "<x:xmpmeta>trainedAlgorithmicMedia</x:xmpmeta>"


def read_png16(path: Path) -> np.ndarray:
    """H×W×C uint16 through another decoder than ours."""
    import av

    with av.open(str(path)) as container:
        frame = next(iter(container.decode(video=0)))
        return frame.to_ndarray(format=frame.format.name.replace("be", "le"))


@pytest.mark.parametrize("opacity", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_pixel_of_16_bits_is_kept(tmp_path: Path, kind: str, opacity: bool):
    alpha = PICTURE[..., 0].copy() if opacity else None
    path = write_picture(tmp_path / "p", PICTURE, enlarged(PICTURE, 1), kind, alpha, packet=PACKET)
    wanted = (PICTURE if alpha is None else np.dstack([PICTURE, alpha])) * 65535
    got = read_png16(path) if kind == "png" else tifffile.imread(path)
    assert got.dtype == np.uint16 and got.shape == wanted.shape
    assert np.abs(got - wanted).max() <= 0.51
    assert PACKET.encode() in path.read_bytes()


def test_size_profile_and_texts_are_in_the_files(tmp_path: Path):
    layout = enlarged(PICTURE, 2, dpi=254)
    path = write_picture(tmp_path / "p.png", PICTURE, layout, text={"latent-atelier": "{}"}, packet=PACKET)
    with Image.open(path) as image:
        image.load()
        assert image.size == (48, 40) and image.info["dpi"] == pytest.approx((254, 254), abs=0.1)
        assert image.info["latent-atelier"] == "{}" and image.info["xmp"] == PACKET.encode()
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))
        assert "sRGB" in name
    with tifffile.TiffFile(write_picture(tmp_path / "p.tif", PICTURE, layout, "tiff")) as file:
        tags = file.pages[0].tags  # type: ignore[union-attr]
        assert tags["XResolution"].value == (254, 1) and tags["ResolutionUnit"].value == 2
        profile = ImageCms.ImageCmsProfile(io.BytesIO(tags["InterColorProfile"].value))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


def test_strips_meet_without_a_seam(tmp_path: Path):
    factor = 16  # 320 rows: three strips
    path = write_picture(tmp_path / "p.tif", PICTURE, enlarged(PICTURE, factor), "tiff")
    planes = [Image.fromarray(np.ascontiguousarray(PICTURE[..., c])) for c in range(3)]
    size = (24 * factor, 20 * factor)
    whole = np.stack([np.asarray(plane.resize(size, Image.Resampling.LANCZOS)) for plane in planes], axis=-1)
    assert size[1] > 2 * ROWS
    assert np.abs(tifffile.imread(path) - whole.clip(0, 1) * 65535).max() < 2


@pytest.mark.parametrize("fit", ["whole", "fill"])
@pytest.mark.parametrize("size", SIZES)
def test_a_sheet_has_its_size_and_bleed(size: str, fit: str):
    layout = on_paper(PICTURE, size, 150, 3.0, fit)
    for got, millimetres, inner, corner in (
        (layout.width, SIZES[size][0], layout.inner_width, layout.left),
        (layout.height, SIZES[size][1], layout.inner_height, layout.top),
    ):
        assert (got - 2 * layout.bleed) / 150 * 25.4 == pytest.approx(millimetres, abs=0.1)
        assert layout.bleed / 150 * 25.4 == pytest.approx(3, abs=0.1)
        covers = corner <= 0 and corner + inner >= got
        assert covers if fit == "fill" else corner > layout.bleed and corner + inner < got - layout.bleed
    assert layout.inner_width / layout.inner_height == pytest.approx(24 / 20, rel=0.01)


def test_the_ground_goes_on_in_the_colour_of_the_border(tmp_path: Path):
    picture = np.full((16, 16, 3), (0.9, 0.85, 0.8), np.float32)
    picture[4:12, 4:12] = 0.1
    sheet = tifffile.imread(write_picture(tmp_path / "p", picture, on_paper(picture, "postcard", 72), "tiff"))
    assert border_colour(picture) == pytest.approx((0.9, 0.85, 0.8))
    np.testing.assert_allclose(sheet[0, 0] / 65535, (0.9, 0.85, 0.8), atol=1e-4)
    assert sheet[sheet.shape[0] // 2, sheet.shape[1] // 2].max() < 10_000


def test_a_grey_map_has_one_plane_of_16_bits(tmp_path: Path):
    for kind in KINDS:
        path = write_picture(tmp_path / kind, PICTURE, enlarged(PICTURE, 1), kind, grey=True)
        got = read_png16(path) if kind == "png" else tifffile.imread(path)
        wanted = PICTURE @ np.array([0.2126, 0.7152, 0.0722]) * 65535
        assert got.shape == wanted.shape and np.abs(got - wanted).max() < 1


def test_what_is_refused_or_stopped_leaves_nothing(tmp_path: Path):
    with pytest.raises(StudioError, match="million"):
        enlarged(PICTURE, 2000)
    for wrong in ({"size": "A9"}, {"dpi": 5000}, {"bleed": 99}, {"fit": "squeeze"}, {"dpi": float("nan")}):
        with pytest.raises(StudioError):
            on_paper(PICTURE, **{"size": "A4", **wrong})  # type: ignore[arg-type]
    with pytest.raises(StudioError, match="jpeg"):
        write_picture(tmp_path / "p", PICTURE, enlarged(PICTURE, 1), "jpeg")

    def progress(share: float) -> None:
        raise StoppedError("closed")

    for kind in KINDS:
        with pytest.raises(StoppedError):
            write_picture(tmp_path / "p", PICTURE, enlarged(PICTURE, 16), kind, progress=progress)
    assert not list(tmp_path.iterdir())


def test_swatches_are_the_colours_by_area():
    picture = np.zeros((32, 32, 3), np.float32)
    picture[:, :20] = (0.8, 0.1, 0.1)
    picture[:, 20:] = (0.1, 0.2, 0.7)
    found = swatches(picture, 2)
    assert [swatch.share for swatch in found] == pytest.approx([20 / 32, 12 / 32], abs=0.05)
    np.testing.assert_allclose(found[0].colour, (0.8, 0.1, 0.1), atol=0.05)
    with pytest.raises(StudioError, match="2 to 16"):
        swatches(picture, MOST + 1)


def test_palettes_can_be_read_by_what_reads_them():
    colours = [Swatch((1.0, 0.5, 0.0), 0.75), Swatch((0.0, 0.25, 1.0), 0.25)]
    files = {kind: write(colours, "Plums */\n; ø") for kind, write in WRITERS.items()}
    assert files["gpl"].decode().splitlines()[0] == "GIMP Palette"
    assert files["gpl"].decode().splitlines()[4].split("\t")[0] == "255 128   0"
    css = files["css"].decode()
    assert "--colour-1: #ff8000;" in css and css.count("*/") == 3
    data = files["ase"]
    assert data[:4] == b"ASEF" and struct.unpack(">HHI", data[4:12]) == (1, 0, 4)
    place, found = 12, []
    while place < len(data):
        kind, length = struct.unpack(">HI", data[place : place + 6])
        body = data[place + 6 : place + 6 + length]
        if kind == 1:
            units = struct.unpack(">H", body[:2])[0]
            rest = body[2 + 2 * units :]
            assert rest[:4] == b"RGB " and rest[16:] == b"\0\x02"
            found.append(struct.unpack(">3f", rest[4:16]))
        place += 6 + length
    assert place == len(data) and found == [swatch.colour for swatch in colours]
