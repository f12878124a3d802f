"""Sample files, made by Satchel itself: small, real and the same on every run.

The demo attaches them and `examples/sample_files.py` writes them for anyone to try. They are made and not shipped, so
that nobody has to ask where a picture comes from. Pillow belongs to the server; without it, `make_samples` cannot make
the pictures.
"""

import io
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

BUNDLE_FILES = ("app.yaml", "process.bpmn")

_README = """README

These files belong to Satchel's demo. They were made by a program and hold nothing private.

ques-kun-01.png   a drawing
catalog.pdf       two pages of a product's description
site-photo.jpg    a photo turned by its EXIF orientation, with date and place
prices.csv        a table as text
prices.xlsx       the same table as a spreadsheet
signature.png     a signature from a pad
"""

_PRICES: Sequence[tuple[str, str, int, str]] = (
    ("Item", "Supplier", 0, "Price"),
    ("Standing desk", "Nordholz", 12, "489.00"),
    ("Desk lamp", "Lumen & Co", 30, "59.90"),
    ("Office chair", "Nordholz", 12, "312.50"),
    ("Whiteboard", "Tafelwerk", 2, "149.00"),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member of a zip: the earliest that the format knows."""

_ORIENTATION, _MAKE, _MODEL, _TAKEN = 0x0112, 0x010F, 0x0110, 0x0132
_EXIF_IFD, _TAKEN_ORIGINAL = 0x8769, 0x9003
_GPS_IFD = 0x8825


def make_samples(directory: Path) -> dict[str, Path]:
    """Write the sample files into a directory, which is made if need be, and return their paths by name.

    The same release writes the same bytes each time; files of these names are overwritten.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name, make in SAMPLES.items():
        paths[name] = directory / name
        paths[name].write_bytes(make())
    return paths


def examples_folder() -> Path:
    """Return where the examples are: in the wheel as `satchel/examples`, in a checkout beside `src`.

    Raises:
        FileNotFoundError: neither is there; install Satchel again.
    """
    package = Path(__file__).parents[2]
    for root in (package / "examples", package.parents[1] / "examples"):
        if any(root.glob("*/app.yaml")):
            return root
    raise FileNotFoundError("The example apps are missing from this installation; install Satchel again.")


def example_bundles() -> dict[str, dict[str, bytes]]:
    """Return the example apps' bundles: by folder name, each file's bytes by name."""
    folders = sorted(path.parent for path in examples_folder().glob("*/app.yaml"))
    return {folder.name: {name: (folder / name).read_bytes() for name in BUNDLE_FILES} for folder in folders}


def catalog_pdf() -> bytes:
    """Return a product's description of two pages."""
    first = ["Standing desk", "", "Height 65 to 125 cm, electric.", "Table top 160 x 80 cm, oak.", "Carries 80 kg."]
    second = ["Delivery and price", "", "Four weeks from the order.", "489.00 each, 455.00 from ten pieces."]
    return pdf([first, second])


def order_pdf() -> bytes:
    """Return a confirmation of an order."""
    return pdf(
        [["Order confirmation 2026-0417", "", "12 standing desks", "5,460.00 in total", "Delivery in four weeks."]]
    )


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Return a PDF with these lines of text on its pages, the first of each as a heading.

    The text may hold what Latin-1 has.
    """
    count = len(pages)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, lines in enumerate(pages):
        content = _page(lines)
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * index} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        stream = f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"
        objects += [page.encode(), stream]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    for offset in offsets:
        out.write(f"{offset:010d} 00000 n \n".encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def drawing_png() -> bytes:
    """Return a drawing: a round fellow with a satchel, who asks a question."""
    image = Image.new("RGB", (320, 320), "#f4efe6")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 50, 260, 250), fill="#ffd166", outline="#3a3226", width=5)
    draw.line((68, 178, 215, 228), fill="#7a4a21", width=9)
    for x in (115, 180):
        draw.ellipse((x, 115, x + 24, 147), fill="#3a3226")
        draw.ellipse((x + 6, 120, x + 13, 128), fill="#ffffff")
    draw.arc((125, 125, 195, 185), start=20, end=160, fill="#3a3226", width=5)
    draw.rounded_rectangle((195, 195, 285, 262), radius=10, fill="#a5652c", outline="#3a3226", width=4)
    draw.polygon(((195, 205), (285, 205), (240, 238)), fill="#8a5223", outline="#3a3226")
    draw.arc((20, 14, 62, 56), start=180, end=90, fill="#ef476f", width=7)
    draw.line((41, 55, 41, 68), fill="#ef476f", width=7)
    draw.ellipse((37, 76, 46, 85), fill="#ef476f")
    return _saved(image, "PNG")


def photo_jpeg() -> bytes:
    """Return a landscape photo, stored upright with an EXIF orientation, a date and a place."""
    width, height = 640, 480
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for y in range(height):
        shade = y * 255 // height
        draw.line((0, y, width, y), fill=(120 - shade // 4, 170 - shade // 5, 230 - shade // 3))
    hills = [(x, 330 + round(30 * math.sin(x / 70) + 12 * math.sin(x / 23))) for x in range(0, width + 1, 4)]
    draw.polygon([*hills, (width, height), (0, height)], fill="#4f7942")
    draw.rectangle((250, 230, 400, 380), fill="#b5651d", outline="#3b2412")
    draw.polygon(((235, 230), (415, 230), (325, 165)), fill="#7b241c")
    draw.rectangle((305, 310, 345, 380), fill="#3b2412")
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    exif[_MAKE] = "Satchel"
    exif[_MODEL] = "Sample"
    exif[_TAKEN] = "2026:03:14 09:26:53"
    exif.get_ifd(_EXIF_IFD)[_TAKEN_ORIGINAL] = "2026:03:14 09:26:53"
    place = exif.get_ifd(_GPS_IFD)
    place[1], place[2] = "N", (52.0, 31.0, 12.0)
    place[3], place[4] = "E", (13.0, 24.0, 18.0)
    return _saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=85, exif=exif)


def signature_png() -> bytes:
    """Return a signature, dark on nothing."""
    image = Image.new("RGBA", (400, 140), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    points = [
        (30 + step * 3.4, 75 + 38 * math.sin(step / 4.5) * math.cos(step / 17) + 8 * math.sin(step / 1.7))
        for step in range(100)
    ]
    draw.line(points, fill=(20, 30, 90, 255), width=4, joint="curve")
    draw.line(((40, 122), (360, 112)), fill=(20, 30, 90, 255), width=2)
    return _saved(image, "PNG")


def readme_txt() -> bytes:
    """Return a text file that says what the others are."""
    return _README.encode()


def prices_csv() -> bytes:
    """Return a table as RFC 4180 text."""
    lines = [f"{item},{supplier},{quantity or 'Quantity'},{price}" for item, supplier, quantity, price in _PRICES]
    return ("\r\n".join(lines) + "\r\n").encode()


def prices_xlsx() -> bytes:
    """Return the same table as a spreadsheet of one sheet."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    rows = "".join(f'<row r="{number}">{_cells(number, row)}</row>' for number, row in enumerate(_PRICES, start=1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}">'
        '<sheets><sheet name="Prices" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            member = zipfile.ZipInfo(name, date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return out.getvalue()


SAMPLES: Mapping[str, Callable[[], bytes]] = {
    "README.txt": readme_txt,
    "catalog.pdf": catalog_pdf,
    "order.pdf": order_pdf,
    "prices.csv": prices_csv,
    "prices.xlsx": prices_xlsx,
    "ques-kun-01.png": drawing_png,
    "signature.png": signature_png,
    "site-photo.jpg": photo_jpeg,
}
"""What makes each sample file, by its name."""


def _page(lines: Sequence[str]) -> bytes:
    """Return the content of a page of a PDF."""
    commands = ["BT", "72 770 Td", "24 TL"]
    for index, line in enumerate(lines):
        text = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        commands += [f"/F1 {20 if index == 0 else 12} Tf", f"({text}) Tj", "T*"]
    return "\n".join([*commands, "ET"]).encode("latin-1")


def _cells(number: int, row: tuple[str, str, int, str]) -> str:
    """Return one row's cells: texts inline, numbers as numbers, the first row as texts throughout."""
    item, supplier, quantity, price = row
    is_head = number == 1
    cells = ((item, True), (supplier, True), ("Quantity" if is_head else str(quantity), is_head), (price, is_head))
    return "".join(
        f'<c r="{column}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        if is_text
        else f'<c r="{column}{number}"><v>{value}</v></c>'
        for column, (value, is_text) in zip("ABCD", cells, strict=True)
    )


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the picture's bytes; PNG and JPEG as Pillow writes them hold no date of their own."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
