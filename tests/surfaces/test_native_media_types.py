"""Types of files through the API: a declared one stands where the bytes say less, a charset is kept or not claimed."""

import io
import zipfile

import httpx
import pytest

from surfaces.conftest import Api
from world import bundle, fields

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CSV = b"a,b\n1,2\n"
SJIS = "日本語".encode("shift_jis")


def docx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("first.bin", b"x" * 100)
    return packed.getvalue()


async def deploy(api: Api) -> None:
    declared = fields({"id": "doc", "type": "file"}, {"id": "paper", "type": "file", "accept": [".pdf"]})
    start = {"fields": {"doc": "edit", "paper": "edit"}}
    await api.world.deploy(bundle({"code": "TYP", "fields": declared, "start": start}))


async def file_of(api: Api, upload: int) -> dict[str, object]:
    """Start an instance with an upload and return its file."""
    clerk = await api.client("clerk")
    started = await clerk.post("/api/v1/apps/TYP/instances", json={"values": {"doc": [upload]}})
    assert started.status_code == 201, started.text
    instance = started.json()["instance"]["id"]
    (file,) = (await clerk.get(f"/api/v1/instances/{instance}/files")).json()["items"]
    assert isinstance(file, dict)
    return file


async def ticket(api: Api, data: bytes, **wish: object) -> dict[str, str]:
    clerk = await api.client("clerk")
    asked = await clerk.post("/api/v1/uploads", json={"app": "TYP", "field": "doc", "size": len(data), **wish})
    assert asked.status_code == 201, asked.text
    found: dict[str, str] = asked.json()
    return found


async def served(api: Api, file: dict[str, object]) -> httpx.Response:
    return await (await api.client("clerk")).get(f"/api/v1/files/{file['id']}/content")


@pytest.mark.parametrize(
    ("data", "name", "declared", "kept", "sent"),
    [
        (CSV, "export", "text/csv", "text/csv", "text/csv"),
        (b'{"a": 1}', "answer", "application/json", "application/json", "application/json"),
        (docx(), "offer", DOCX, DOCX, DOCX),
        (b"", "empty.pdf", "application/pdf", "application/pdf", "application/pdf"),
        (SJIS, "a.txt", "text/plain; charset=Shift_JIS", *["text/plain; charset=shift_jis"] * 2),
        (b"hello", "a.txt", "text/plain", "text/plain", "text/plain; charset=utf-8"),
        ("Größe".encode("latin-1"), "a.txt", None, "text/plain", "text/plain"),
        (b"hello" * 20_000, "a.txt", None, "text/plain", "text/plain"),
        (b"hello", "page", "text/html", "text/plain", "text/plain; charset=utf-8"),
        (CSV, "export", "application/x-www-form-urlencoded", "text/plain", "text/plain; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("way", ["ticket", "put", "form", "tus"])
async def test_a_declared_type_and_charset_stand_unless_the_bytes_say_otherwise(
    api: Api, *, way: str, data: bytes, name: str, declared: str | None, kept: str, sent: str
) -> None:
    await deploy(api)
    made = await ticket(api, data, name=name, **({"media_type": declared} if way == "ticket" else {}))
    clerk = await api.client("clerk")
    headers = {} if way == "ticket" or declared is None else {"Content-Type": declared}
    if way == "form":
        answer = await clerk.post(
            made["put_url"].replace("/content?", "/form?"), files={"file": (name, data, declared or "")}
        )
    elif way == "tus":
        tus = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        made = await ticket(api, data, name=name, **({} if declared is None else {"media_type": declared}))
        answer = await clerk.patch(made["tus_url"], content=data, headers=tus)
    else:
        answer = await clerk.put(made["put_url"], content=data, headers=headers)
    assert answer.is_success, answer.text

    file = await file_of(api, int(made["id"]))

    assert file["media_type"] == kept
    got = await served(api, file)
    assert (got.headers["content-type"], got.content) == (sent, data)


async def test_a_type_that_says_nothing_leaves_the_one_of_the_ticket(api: Api) -> None:
    await deploy(api)
    made = await ticket(api, CSV, name="export", media_type="text/csv")
    headers = {"Content-Type": "application/octet-stream"}
    await (await api.client("clerk")).put(made["put_url"], content=CSV, headers=headers)
    assert (await file_of(api, int(made["id"])))["media_type"] == "text/csv"


async def test_an_empty_file_is_no_pdf_where_one_is_asked_for(api: Api) -> None:
    await deploy(api)
    made = await ticket(api, b"", name="a.pdf", field="paper", media_type="application/pdf")
    answer = await (await api.client("clerk")).put(made["put_url"], content=b"")
    assert (answer.status_code, answer.json()["code"]) == (422, "file_type")
