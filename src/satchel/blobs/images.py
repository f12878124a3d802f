"""Pictures: what they are, and small previews of them.

All of it blocks and belongs in a thread. A picture comes from outside and may be made to hurt: nothing over
`MAX_PIXELS` is decoded, only the formats below are tried, and whatever the decoder says of a broken file is one answer,
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
"""What Pillow's decoders raise for files that are not what they claim."""

_SCALABLE = frozenset({"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"})
"""The modes that scale as they are; the others have to be converted at full size first."""

_TURNED = frozenset({5, 6, 7, 8})
_NO_ROTATION = 1
_LARGEST_ORIENTATION = 8
_QUALITY = 82


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What a picture says of itself.

    Attributes:
        width, height: in pixels, as a person sees it: after the turn that `orientation` asks for.
        orientation: EXIF's, 1 to 8; 1 is upright.
        taken_at: aware; a camera that does not tell its offset is taken to be in UTC.
        latitude, longitude: WGS 84 degrees; both or none.
    """

    width: int
    height: int
    orientation: int = _NO_ROTATION
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None

    def metadata(self) -> Mapping[str, object]:
        """Return the facts as a file's metadata: JSON-compatible, without those that are unknown."""
        facts: dict[str, object] = {"width": self.width, "height": self.height, "orientation": self.orientation}
        if self.taken_at is not None:
            facts["taken_at"] = self.taken_at.isoformat()
        if self.latitude is not None and self.longitude is not None:
            facts |= {"latitude": self.latitude, "longitude": self.longitude}
        return facts


def describe(source: bytes | Path) -> ImageFacts | None:
    """Return what a picture says of itself, or None if it is none that we read; its pixels are not decoded.

    Args:
        source: the whole file. Only the beginning is read, but a format may keep its facts at the end.
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
    """Return a small upright copy: PNG if the picture has transparency, else JPEG; None if it cannot be decoded.

    Nothing of the picture's metadata is in it, so that a preview tells no place. Of an animation it is the first frame.
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
            clean = Image.new(mode, upright.size)  # takes nothing along but the pixels
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
    """Open a picture without decoding it; one over the limit is refused as a bomb.

    Pillow's own limit is a global of the library and twice as lenient; ours is checked on what the header says.
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
    """Return degrees, minutes and seconds as one number, rounded to about a centimetre; nonsense is None."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]  # TypeError is nonsense
        value = degrees + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not 0 <= value <= most:  # also false for not-a-number
        return None
    return round(-value if str(reference).strip("\0 ").upper() in ("S", "W") else value, 7)
