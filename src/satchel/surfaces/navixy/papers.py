"""A filled form as a PDF: each field's label and what it holds, photos and signatures as pictures.

The font is embedded in part and knows Latin, Greek, Cyrillic and many other letters. What it does not know (Chinese,
Japanese, Korean) is left out, and text is set from left to right; the spreadsheet has all of it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:  # it fills 13 MB, and most servers never write a PDF
    from fpdf import FPDF

MAX_TEXT_CHARS = 8_000
MAX_FORM_CHARS = 50_000
"""The most of one field's text, and of a form's; a longer one is cut and says so, since setting text takes long."""

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_FAMILY = "DejaVu"
_MARGIN_MM = 18.0
_PICTURE_MM = 55.0
_GAP_MM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field of a form.

    Attributes:
        pictures: small ones of the images that it holds.
    """

    label: str
    text: str
    pictures: Sequence[bytes] = ()


def write_pdf(title: str, subtitle: str, rows: Sequence[Row], *, made_at: datetime) -> bytes:
    """Return a form as a PDF; takes a while, so call it in a thread."""
    from fpdf import FPDF  # noqa: PLC0415  # see above

    page = FPDF(format="A4")
    page.add_font(_FAMILY, fname=_FONT)
    page.set_creation_date(made_at)
    page.set_title(_plain(title))
    page.set_margin(_MARGIN_MM)
    page.set_auto_page_break(auto=True, margin=_MARGIN_MM)
    page.add_page()
    _line(page, title, size=17, grey=0)
    _line(page, subtitle, size=10, grey=90)
    page.ln(_GAP_MM)
    left = MAX_FORM_CHARS
    for row in rows:
        text = _cut(row.text, min(MAX_TEXT_CHARS, left))
        left = max(0, left - len(text))
        page.set_draw_color(210)
        page.line(page.l_margin, page.get_y(), page.w - page.r_margin, page.get_y())
        page.ln(1.5)
        _line(page, row.label, size=8, grey=90)
        if text or not row.pictures:
            _line(page, text or "-", size=11, grey=0)
        _pictures(page, row.pictures)
        page.ln(2)
    return bytes(page.output())


def _line(page: "FPDF", text: str, *, size: float, grey: int) -> None:
    page.set_font(_FAMILY, size=size)
    page.set_text_color(grey)
    page.multi_cell(0, size * 0.5, _plain(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _pictures(page: "FPDF", pictures: Sequence[bytes]) -> None:
    """Draw pictures side by side, as many in a line as fit."""
    from fpdf.errors import FPDFException  # noqa: PLC0415  # see above

    left, lowest = page.l_margin, page.get_y()
    for picture in pictures:
        try:
            with Image.open(io.BytesIO(picture)) as image:
                ratio = image.height / image.width
        except (UnidentifiedImageError, OSError):
            continue
        width = min(_PICTURE_MM, _PICTURE_MM / ratio)
        height = width * ratio
        if left + width > page.w - page.r_margin:
            left = page.l_margin
            page.set_y(lowest + _GAP_MM)
        if page.get_y() + height > page.h - _MARGIN_MM:
            page.add_page()
            left, lowest = page.l_margin, page.get_y()
        try:
            page.image(io.BytesIO(picture), x=left, y=page.get_y(), w=width, h=height)
        except (FPDFException, OSError, ValueError):  # it opens, and breaks off further on
            continue
        left += width + _GAP_MM
        lowest = max(lowest, page.get_y() + height)
    page.set_y(lowest)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} ... (cut here)"


def _plain(text: str) -> str:
    """Return a text without the characters that no page can hold."""
    return "".join(character for character in text if character == "\n" or character.isprintable())
