"""Pictures, previews and signatures."""

import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from satchel.blobs.images import ImageFacts, describe, preview
from satchel.blobs.signatures import SIGNATURE_EDGE, signature_png
from satchel.model.errors import BadFile


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def two_halves(width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image


def photo(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2026:03:02 10:30:00"
    details[ExifTags.Base.OffsetTimeOriginal] = "+01:00"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "S"
    gps[ExifTags.GPS.GPSLatitude] = (33.0, 51.0, 25.2)
    gps[ExifTags.GPS.GPSLongitudeRef] = "E"
    gps[ExifTags.GPS.GPSLongitude] = (151.0, 12.0, 54.0)
    return saved(two_halves(), "JPEG", exif=exif, quality=95)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says that it is vast."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_photo_tells_its_size_time_and_place() -> None:
    assert describe(photo()) == ImageFacts(
        width=80,
        height=40,
        taken_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        latitude=-33.857,
        longitude=151.215,
    )


def test_a_turned_photo_has_the_size_that_a_person_sees() -> None:
    facts = describe(photo(orientation=6))
    assert facts is not None
    assert (facts.width, facts.height, facts.orientation) == (40, 80, 6)
    assert facts.metadata()["taken_at"] == "2026-03-02T09:30:00+00:00"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_every_format_is_described_and_previewed(kind: str, tmp_path: Path) -> None:
    data = saved(two_halves(1200, 600), kind)
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert describe(data) == describe(path) == ImageFacts(width=1200, height=600)
    small = preview(path)
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("JPEG", (512, 256))


def test_a_picture_without_facts_has_only_its_size() -> None:
    facts = describe(saved(two_halves(), "PNG"))
    assert facts is not None
    assert facts.metadata() == {"width": 80, "height": 40, "orientation": 1}


def test_nonsense_in_the_facts_is_left_out() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 99
    exif[ExifTags.Base.DateTime] = "0000:00:00 00:00:00"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitude] = (912.0, 0.0, 0.0)
    gps[ExifTags.GPS.GPSLongitude] = (1.0, 0.0, 0.0)
    assert describe(saved(two_halves(), "JPEG", exif=exif)) == ImageFacts(width=80, height=40)


def test_a_preview_is_upright_and_keeps_nothing_to_itself() -> None:
    small = preview(photo(orientation=6), max_edge=40)
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (20, 40)
        assert not image.getexif()
        top, bottom = image.convert("RGB").getpixel((10, 5)), image.convert("RGB").getpixel((10, 35))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, top[2] < 60) == (True, True)
    assert (bottom[2] > 200, bottom[0] < 60) == (True, True)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_transparency_stays_in_the_preview(kind: str) -> None:
    small = preview(saved(Image.new("RGBA", (900, 900), (255, 0, 0, 0)), kind))
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
        assert image.getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA pixels are tuples


def test_a_small_picture_is_not_blown_up() -> None:
    small = preview(saved(two_halves(10, 10), "PNG"))
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (10, 10)


@pytest.mark.parametrize("size", [(8193, 8193), (60_000, 60_000)])
def test_a_bomb_is_not_decoded(size: tuple[int, int]) -> None:
    assert preview(bomb(*size)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        photo()[:500],
        b"<svg/>",
        saved(two_halves(), "TIFF"),
        bomb(10, 10),
        photo().replace(b"Exif", b"Exit"),
    ],
)
def test_what_is_no_picture_breaks_nothing(data: bytes) -> None:
    facts, small = describe(data), preview(data)
    assert facts is None or facts.width in (10, 80)
    assert small is None or small.startswith(b"\xff\xd8")


def test_a_picture_that_is_cut_short_has_no_preview() -> None:
    assert preview(saved(two_halves(), "PNG")[:-40]) is None


def drawn(path_data: str) -> Image.Image:
    with Image.open(io.BytesIO(signature_png(path_data))) as image:
        assert image.format == "PNG"
        return image.convert("L")


def test_strokes_become_smooth_black_lines_on_white() -> None:
    image = drawn("M 0 0 L 100 50")
    assert image.width == SIGNATURE_EDGE
    assert 550 < image.height < 720
    shades = image.histogram()
    assert shades[0] > 1000
    assert shades[255] > image.width * image.height * 0.9
    assert sum(shades[1:255]) > 100


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M10 10 L20 10 L20 30", "m10,10l10,0,0,20"),
        ("M10 10 L20 10 L20 30", "M10 10H20V30"),
        ("M0 0C10 0 20 10 20 20", "m0 0c10 0,20 10,20 20"),
        ("M0 0Q10 0 10 10Z", "M0,0q10-0 10,10z"),
        ("M0 0L1e1.5", "M0 0L10 0.5"),
        ("M0 0 10 5 M3 3 L4 4", "M0 0L10 5m-7-2l1 1"),
    ],
)
def test_the_same_strokes_may_be_written_in_several_ways(one: str, other: str) -> None:
    assert drawn(one).tobytes() == drawn(other).tobytes()


def test_a_dot_is_a_signature() -> None:
    assert drawn("M5 5").histogram()[0] > 20


@pytest.mark.parametrize(
    "path_data",
    [
        "",
        "   ",
        "L 1 1",
        "Z",
        "M 1",
        "M 1 1 L 2",
        "M 1 1 L",
        "M 1 1 2",
        "M M 1 1",
        "1 1",
        "M 0 0 Z 5",
        "M 0 0 A 1 1 0 0 0 5 5",
        "M 0 0 <script>",
        "M 0 0 L 10001 0",
        "M 0 0 L 1e999 0",
        "M 0 0 L nan 0",
        "M 9000 0 l 9000 0",
        "M 0 0 " + "l1 1" * 20_001,
        "M 0 0" + " " * 200_000,
    ],
)
def test_malformed_or_vast_strokes_are_refused(path_data: str) -> None:
    with pytest.raises(BadFile):
        signature_png(path_data)
