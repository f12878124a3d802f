"""What answers are made of: the envelope and items, as JSON or XML, and how moments are written."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from satchel.model.actor import Actor
from satchel.model.search.criteria import NOT_IN_XML
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply

XML_TYPE = "application/xml; charset=utf-8"
XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'

_MEMBERS = {"Fields": "Field", "Data": "Row", "Row": "Value", "Items": "Item"}
"""What the elements of a list are called in XML, by the list's own name."""


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
    return escape(NOT_IN_XML.sub("\ufffd", text))


def items(found: Sequence[tuple[str, str, str]]) -> dict[str, object]:
    """Return names, captions and values as the answer for one thing."""
    return {"Items": [{"name": name, "caption": caption, "value": value} for name, caption, value in found]}


def moment(actor: Actor, at: datetime | None) -> str:
    """Return a moment in the actor's zone, to the second: `2022-10-25T11:11:16-07:00`; empty for none."""
    return "" if at is None else at.astimezone(ZoneInfo(actor.time_zone)).replace(microsecond=0).isoformat()
