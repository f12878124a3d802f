"""Names of files through the API: what is stored, and why it differs from what was given."""

import base64

import pytest

from surfaces.conftest import Api
from surfaces.test_native_media_types import deploy, ticket

GIVEN = [
    ('a "b".txt', "a _b_.txt", ["characters"]),
    ("con.txt", "_con.txt", ["reserved"]),
    ("re\u0301sume\u0301.txt", "r\u00e9sum\u00e9.txt", ["composition"]),
    ("C:\\folder\\a.txt", "a.txt", ["path"]),
    ("x/ a?.txt. ", "a_.txt", ["path", "characters", "ends"]),
    ("a" * 300 + ".txt", "a" * 251 + ".txt", ["length"]),
    ("plain.txt", "plain.txt", None),
    ("\u65e5\u672c.txt", "\u65e5\u672c.txt", None),
]


@pytest.mark.parametrize(("given", "stored", "why"), GIVEN)
async def test_a_ticket_says_the_name_that_is_stored_and_why(
    api: Api, given: str, stored: str, why: list[str] | None
) -> None:
    await deploy(api)
    made = await ticket(api, b"hello", name=given)
    assert (made["name"], made.get("name_changes")) == (stored, why)


@pytest.mark.parametrize(("given", "stored", "why"), GIVEN)
async def test_an_upload_says_the_name_that_is_stored_and_why(
    api: Api, given: str, stored: str, why: list[str] | None
) -> None:
    await deploy(api)
    clerk = await api.client("clerk")
    made = [await ticket(api, b"hello") for _ in range(3)]
    form = made[0]["put_url"].replace("/content?", "/form?")
    sent = [await clerk.post(form, files={"file": (given, b"hello", "text/plain")})]
    quoted = "".join(f"%{byte:02X}" for byte in given.encode())
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{quoted}"}
    sent.append(await clerk.put(made[1]["put_url"], content=b"hello", headers=disposition))
    named = f"filename {base64.b64encode(given.encode()).decode()}"
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    length = {**tus, "Upload-Length": "5", "Upload-Metadata": named}
    assert (await clerk.post(made[2]["tus_url"], headers=length)).is_success
    await clerk.patch(made[2]["tus_url"], content=b"hello", headers={**tus, "Upload-Offset": "0"})
    sent.append(await clerk.get(f"/api/v1/uploads/{made[2]['id']}"))

    found = [(one.json()["name"], one.json().get("name_changes")) for one in sent]

    assert found == [(stored, why)] * 3


async def test_renaming_a_file_says_the_name_that_is_stored_and_why(api: Api) -> None:
    await deploy(api)
    clerk = await api.client("clerk")
    number = await api.upload("clerk", b"hello", app="TYP", field="doc", name="a.txt")
    started = await clerk.post("/api/v1/apps/TYP/instances", json={"values": {"doc": [number]}})
    instance = started.json()["instance"]["id"]
    (file,) = (await clerk.get(f"/api/v1/instances/{instance}/files")).json()["items"]
    assert "name_changes" not in file

    renamed = await clerk.patch(
        f"/api/v1/files/{file['id']}", json={"name": 'b:"c".txt'}, headers={"If-Match": f'"{file["revision"]}"'}
    )

    assert (renamed.json()["name"], renamed.json()["name_changes"]) == ("b__c_.txt", ["characters"])
    assert "name_changes" not in (await clerk.get(f"/api/v1/files/{file['id']}")).json()


async def test_a_tab_in_a_file_s_name_refuses_the_file_and_leaves_the_ticket(api: Api) -> None:
    await deploy(api)
    clerk = await api.client("clerk")
    made = await ticket(api, b"hello")
    part = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a\tb.txt"\r\n\r\nhello\r\n'
    body = b"before\r\n" + part + b"--b0--\r\nafter"
    form = made["put_url"].replace("/content?", "/form?")
    headers = {"Content-Type": "multipart/form-data; boundary=b0"}

    refused = await clerk.post(form, content=body, headers=headers)
    taken = await clerk.post(form, content=body.replace(b"\t", b" "), headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "file_name")
    assert (taken.status_code, taken.json()["name"]) == (200, "a b.txt")
