"""Whatever is sent to the Alloy surface, it answers in its envelope, and never that the server failed."""

import json

import httpx

from golden.alloy_world import alloy
from satchel.surfaces.alloy.routes import ENDPOINTS
from surfaces.conftest import Api

JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    2**63,
    1.5,
    "",
    "\u202e{}%00",
    "9" * 400,
    "1e999999999",
    "2026-13-45",
    "0000",
    "<b>&lt;",
    [],
    [[]],
    {"a": {}},
    ["x", 5],
)
KEYS = (
    *("filters", "sort", "fields", "offset", "limit", "searchText", "objectClass", "refField", "ActionId", "Fields"),
    *("Attachments", "Comment", "Summary", "Urgency", "Assignee", "Due_Date", "Original_Cost", "FileName", "Data"),
    *("IsLink", "Description", "AttachmentArea", "grant_type", "client_id", "username"),
)
PARTS = 11
QUERIES = (
    "par_limit=1e3",
    "par_offset=99999999999",
    "par_fields=,,",
    "par_sort_asc=%00",
    "%ff=1",
    "Created_Date=9999-12-31T23:59:60Z",
    "Created_Date=9999",
    "Original_Cost=1e5",
    "ID={nothing}",
    "OID=T9223372036854775808",
    "Assignee=%F0%9F%98%80",
    "par_search_text=%25%5F",
    "Size=" + "9" * 30,
    "par_nothing=1",
    "&&&==",
)
BODIES = (b"", b"[", b"5", b'"a"', b"\xff", b'{"a":1,"a":2}', b"<x/>", b"{}" * 2, b'{"Data":"' + b"A" * 50 + b"*")


def _bodies() -> list[bytes]:
    made = [json.dumps({key: junk}).encode() for key in KEYS for junk in JUNK]
    made += [
        json.dumps([{"FileName": "a", "Data": "QQ==", key: junk}]).encode() for key in KEYS[-8:-3] for junk in JUNK
    ]
    made += [
        json.dumps({"filters": [{"name": name, "value": junk, "operation": operation}]}).encode()
        for name in ("OID", "ID", "Summary", "Status", "Created_Date", "Original_Cost", "Assignee", "Evidence", "Num")
        for junk in JUNK[:12]
        for operation in ("=", ">")
    ]
    return [*made, *BODIES]


def _check(answer: httpx.Response, sent: object) -> None:
    assert answer.status_code < 500, (sent, answer.text)
    found = answer.json()
    assert "error" in found or {"success", "errorCode", "errorText", "responseObject"} <= set(found), (sent, found)


async def test_junk_is_answered_in_the_envelope(api: Api) -> None:
    known = await alloy(api)
    client = await api.client("anonymous")
    headers = {"Authorization": f"bearer {known['clerk']}", "Content-Type": "application/json"}
    values = {"oid": "T000002", "object_class": "t", "action": "10", "attachment": str(known["evidence"])}
    bodies = _bodies()
    for number, one in enumerate(ENDPOINTS):
        path = one.path.format(**values)
        if one.method in ("GET", "DELETE"):
            for query in QUERIES if one.method == "GET" else ():
                _check(await client.get(f"{path}?{query}", headers=headers), (path, query))
            continue
        # Each route gets a part of the bodies, each another part: all of them at all routes take most of a minute.
        for body in bodies[number % PARTS :: PARTS]:
            _check(await client.request(one.method, path, headers=headers, content=body), (path, body))
    for name in values:
        for bad in ("%00", "..", "%ff", "{}", "9" * 300, "%7B%7D", "-1"):
            for one in ENDPOINTS:
                if f"{{{name}}}" in one.path:
                    path = one.path.format(**{**values, name: bad})
                    _check(await client.request(one.method, path, headers=headers), path)
    assert await api.world.drift() == []
