"""Images: their metadata, and small previews.

All of it blocks and belongs in a thread. An image comes from outside and may be malicious: nothing over
`MAX_PIXELS` is decoded, only the formats below are tried, and every error of the decoder is one result,
`None`.
"""

import io
import struct
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 64 * 1024 * 1024
"""64 megapixels: about 256 MB once decoded."""

PREVIEW_EDGE = 512

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ZeroDivisionError,
    OverflowError,
    EOFError,
    struct.error,
)
"""The errors of Pillow's decoders for broken files."""

_SCALABLE = frozenset({"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"})
"""The modes that can be scaled directly; the others have to be converted at full size first."""

_TURNED = frozenset({5, 6, 7, 8})
_NO_ROTATION = 1
_LARGEST_ORIENTATION = 8
_QUALITY = 82


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """The metadata of an image.

    Attributes:
        width, height: in pixels, as displayed: after the rotation by `orientation`.
        orientation: EXIF's, 1 to 8; 1 is upright.
        taken_at: aware; without an offset, UTC is assumed.
        latitude, longitude: WGS 84 degrees; both or none.
    """

    width: int
    height: int
    orientation: int = _NO_ROTATION
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None

    def metadata(self) -> Mapping[str, object]:
        """Return the facts as a file's metadata: JSON-compatible, without unknown ones."""
        facts: dict[str, object] = {"width": self.width, "height": self.height, "orientation": self.orientation}
        if self.taken_at is not None:
            facts["taken_at"] = self.taken_at.isoformat()
        if self.latitude is not None and self.longitude is not None:
            facts |= {"latitude": self.latitude, "longitude": self.longitude}
        return facts


def describe(source: bytes | Path) -> ImageFacts | None:
    """Return an image's metadata, or None if its format is not supported; its pixels are not decoded.

    Args:
        source: the whole file. Only the beginning is read, but a format may have its metadata at the end.
    """
    try:
        with _opened(source) as image:
            exif = image.getexif()
            orientation = _orientation(exif)
            width, height = image.size
            if orientation in _TURNED:
                width, height = height, width
            place = _place(exif)
            return ImageFacts(
                width=width,
                height=height,
                orientation=orientation,
                taken_at=_taken_at(exif),
                latitude=place[0] if place else None,
                longitude=place[1] if place else None,
            )
    except _BROKEN:
        return None


def preview(source: bytes | Path, *, max_edge: int = PREVIEW_EDGE) -> bytes | None:
    """Return a small upright copy: PNG if the image has transparency, else JPEG; None if it cannot be decoded.

    It contains no metadata of the image, so that a preview reveals no location. Of an animation it is the first frame.
    """
    try:
        with _opened(source) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            has_alpha = image.has_transparency_data
            mode = "RGBA" if has_alpha else "RGB"
            full = image if image.mode in _SCALABLE else image.convert(mode)
            full.thumbnail(
                (max_edge, max_edge), Image.Resampling.LANCZOS
            )  # a JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(full).convert(mode)
            clean = Image.new(mode, upright.size)  # copies only the pixels
            clean.paste(upright)
            stream = io.BytesIO()
            if has_alpha:
                clean.save(stream, "PNG", optimize=True)
            else:
                clean.save(stream, "JPEG", quality=_QUALITY, progressive=True)
            return stream.getvalue()
    except _BROKEN:
        return None


@contextmanager
def _opened(source: bytes | Path) -> Generator[Image.Image]:
    """Open an image without decoding it; one over the limit is refused as a decompression bomb.

    Pillow's own limit is a global of the library and twice as large; ours is checked with the size in the header.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS) as image:
            yield image


def _orientation(exif: Image.Exif) -> int:
    value = exif.get(ExifTags.Base.Orientation, _NO_ROTATION)
    is_known = isinstance(value, int) and _NO_ROTATION <= value <= _LARGEST_ORIENTATION
    return int(value) if is_known else _NO_ROTATION


def _taken_at(exif: Image.Exif) -> datetime | None:
    details = exif.get_ifd(ExifTags.IFD.Exif)
    text = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    offset = details.get(ExifTags.Base.OffsetTimeOriginal)
    if not isinstance(text, str):
        return None
    try:
        taken = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
        zone = timezone(_offset(offset)) if isinstance(offset, str) else UTC
        return taken.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> timedelta:
    sign = -1 if text.startswith("-") else 1
    hours, _, minutes = text.strip("\0 ").lstrip("+-").partition(":")
    return sign * timedelta(hours=int(hours), minutes=int(minutes or "0"))


def _place(exif: Image.Exif) -> tuple[float, float] | None:
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), most=90)
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), most=180)
    return (latitude, longitude) if latitude is not None and longitude is not None else None


def _degrees(parts: object, reference: object, *, most: int) -> float | None:
    """Return degrees, minutes and seconds as one number, rounded to about a centimetre; None if malformed."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]  # TypeError is nonsense
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not 0 <= value <= most:  # also false for not-a-number
        return None
    return round(-value if str(reference).strip("\0 ").upper() in ("S", "W") else value, 7)
