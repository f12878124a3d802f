"""The Navixy surface: a filled form as a PDF."""

import io
import re
from datetime import UTC, datetime

import pytest
from PIL import Image

from satchel.surfaces.navixy import papers
from satchel.surfaces.navixy.papers import Row
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, refusal

AT = datetime(2026, 1, 2, tzinfo=UTC)


def _picture(color: tuple[int, ...], *, width: int = 300, height: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB" if len(color) == 3 else "RGBA", (width, height), color).save(out, "PNG")
    return out.getvalue()


def _letters(pdf: bytes) -> set[str]:
    """Return the characters that the embedded font can say, as its table for copying text has them."""
    table = pdf.partition(b"begincmap")[2].partition(b"endcmap")[0]
    codes = re.findall(rb"<[0-9A-F]{4}> <([0-9A-F]{4,8})>", table)
    return {bytes.fromhex(code.decode()).decode("utf-16-be") for code in codes}


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface and a task in it."""
    return await open_navixy(api, await api.client("anonymous"))


async def test_a_filled_form_is_had_as_a_pdf_with_its_letters_and_pictures(navixy: Navixy) -> None:
    photo = await navixy.uploaded(_picture((200, 30, 30)), field_id="photos", filename="roof.png")
    paper = await navixy.uploaded(filename="paper.txt")
    given = {
        "note": {"type": "text", "value": "Größe Ж Ω"},
        "kind": {"type": "dropdown", "value_index": 1},
        "photos": {"type": "photo", "file_ids": [photo]},
        "file1": {"type": "file", "file_ids": [paper]},
    }
    assert (await navixy.submit(**given)).json() == {"success": True}
    for path, name in (("task/form/download", "task_id"), ("form/download", "id")):
        answer = await navixy.call(path, **{name: navixy.task, "format": "pdf"})
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f'attachment; filename="form-{navixy.task}.pdf"'
        assert answer.content.startswith(b"%PDF-")
        assert answer.content.count(b"/Subtype /Image") == 1
        assert set("GrößeЖΩYpaper.txtroof.png") <= _letters(answer.content)
    assert refusal(await navixy.call("task/form/download", task_id=2**40, format="pdf")) == (400, 201)


def test_pictures_that_do_not_fit_go_on_the_next_line_or_page() -> None:
    tall, wide = _picture((0, 0, 0), width=20, height=900), _picture((9, 9, 9, 0), width=900, height=20)
    rows = [Row(label="Photos", text="", pictures=[tall] * 12 + [wide] * 3 + [b"no picture", tall[:60]])]

    pdf = papers.write_pdf("Form", "EVA-1", rows, made_at=AT)

    assert int(re.findall(rb"/Count (\d+)", pdf)[0]) == 1 + (12 * 6 > 5 * 30)


def test_long_texts_are_cut_and_characters_of_no_page_left_out() -> None:
    rows = [Row(label=f"Field {number}", text="Word \x00\x1b\u202e" * 20_000) for number in range(20)]

    pdf = papers.write_pdf("Form\x00", "", rows, made_at=AT)

    assert int(re.findall(rb"/Count (\d+)", pdf)[0]) < 30
    assert "\x1b" not in _letters(pdf)
