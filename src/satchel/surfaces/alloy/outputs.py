"""What answers are made of: the envelope and items, as JSON or XML; how GUIDs, OIDs and moments are written."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from satchel.model.actor import Actor
from satchel.model.ids import MAX_ID, UserId
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply

PREFIX = "/alloy"
BASE = f"{PREFIX}/api"

OID_DIGITS = 6
PERSON = "PN"

XML_TYPE = "application/xml; charset=utf-8"
XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'

_VERSIONS = ("v1", "v2")
_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE)
_PERSON_BITS = 0x5A7C4E1D_7001_8000_8000_0000_0000_0000
_MAX_PERSON = 2**62  # the two bits above belong to the GUID's form
_PERSON_OID = re.compile(r"PN(\d{1,19})", re.IGNORECASE)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MEMBERS = {"Fields": "Field", "Data": "Row", "Row": "Value", "Items": "Item"}
"""What the elements of a list are called in XML, by the list's own name."""


def normal_path(path: str) -> str:
    """Return an address as the routes spell it: lower-case, slashes once, no version and no slash at the end."""
    words = [word for word in path.lower().split("/") if word]
    if len(words) > 2 and words[1] == "api" and words[2] in _VERSIONS:  # noqa: PLR2004  # alloy, api, version
        del words[2]
    return "/" + "/".join(words)


def success(exchange: Exchange, found: object) -> Reply:
    """Return a good answer."""
    return reply(exchange, {"success": True, "errorCode": 0, "errorText": "", "responseObject": found})


def reply(exchange: Exchange, envelope: Mapping[str, object], *, status: int = 200) -> Reply:
    """Return an envelope in the format that the request accepts."""
    if not wants_xml(exchange):
        return json_reply(envelope, status=status)
    body = f"{XML_HEAD}<Response>{_xml_members(envelope)}</Response>"
    return Reply(status=status, body=body.encode(), headers={"Content-Type": XML_TYPE})


def wants_xml(exchange: Exchange) -> bool:
    """Return whether the request would rather have XML than JSON; of two that it likes alike, the first."""
    best, found = 0.0, False
    for entry in (exchange.header("accept") or "").lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        weight = _weight(parameters)
        is_xml = kind in ("text/xml", "application/xml", "xml")
        if (is_xml or kind in ("application/json", "text/json", "json", "*/*", "application/*")) and weight > best:
            best, found = weight, is_xml
    return found


def _weight(parameters: Sequence[str]) -> float:
    for one in parameters:
        if re.fullmatch(r"q=[01](\.\d{1,3})?", one):
            return float(one.removeprefix("q="))
    return 1.0


def _xml_members(members: Mapping[str, object]) -> str:
    return "".join(xml_element(name, value) for name, value in members.items())


def xml_element(name: str, value: object) -> str:
    """Return a value as an XML element; null and empty texts are empty elements."""
    if isinstance(value, Mapping):
        inner = _xml_members(cast("Mapping[str, object]", value))
    elif isinstance(value, list | tuple):
        member = _MEMBERS.get(name, "Value")
        inner = "".join(xml_element(member, one) for one in cast("Sequence[object]", value))
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = "" if value is None else xml_text(str(value))
    return f"<{name}>{inner}</{name}>"


def xml_text(text: str) -> str:
    """Return a text as XML may hold it; characters that it cannot become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text))


def items(found: Sequence[tuple[str, str, str]]) -> dict[str, object]:
    """Return names, captions and values as the answer for one thing."""
    return {"Items": [{"name": name, "caption": caption, "value": value} for name, caption, value in found]}


def guid(uuid: UUID) -> str:
    """Return a GUID as lists have it: upper-case, in braces."""
    return guid_text(str(uuid))


def guid_text(text: str) -> str:
    """Return a GUID that is written bare as lists have it."""
    return f"{{{text.upper()}}}"


def read_guid(text: str) -> UUID | None:
    """Return the GUID that a text is, in any case, with braces or without; None if it is none."""
    found = _GUID.fullmatch(text.strip())
    return UUID(found[1]) if found and text.strip().startswith("{") == text.strip().endswith("}") else None


def oid(code: str, number: int) -> str:
    """Return an object's human id: `PUR000012`."""
    return f"{code}{number:0{OID_DIGITS}d}"


def person_guid(user: UserId) -> UUID:
    """Return the GUID by which clients know a person: one of RFC 9562's version 8 that holds the user's number."""
    return UUID(int=_PERSON_BITS | user)


def read_person(text: str) -> UserId | None:
    """Return the user whom a GUID or OID (`PN000017`) names; None if it names none."""
    found = read_guid(text)
    named = _PERSON_OID.fullmatch(text.strip())
    if found is not None:
        bits = found.int ^ _PERSON_BITS
        number = bits if bits < _MAX_PERSON else 0
    else:
        number = int(named[1]) if named else 0
    return UserId(number) if 0 < number <= MAX_ID else None


def moment(actor: Actor, at: datetime | None) -> str:
    """Return a moment in the actor's zone, to the second: `2022-10-25T11:11:16-07:00`; empty for none."""
    return "" if at is None else at.astimezone(ZoneInfo(actor.time_zone)).replace(microsecond=0).isoformat()
