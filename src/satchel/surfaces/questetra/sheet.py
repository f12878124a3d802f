"""Lists as a table of text: CSV in UTF-8, and its twin in UTF-16 with tabs, which Excel opens as it is."""

import codecs
import json
from collections.abc import Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from satchel.actions.lists.processes import InstancePage, ListedInstance
from satchel.actions.loading import LoadedApp
from satchel.model.fields import Field, FieldType
from satchel.model.instance import InstanceState
from satchel.model.transfer.spreadsheet import safe_cell
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.questetra.outputs import stored
from satchel.surfaces.questetra.values import value

HEADINGS = (
    *("App ID", "App Name", "Category", "Version", "Process ID", "Status", "Start User ID", "Start User"),
    *("Start Organization ID", "Start Organization", "Title", "Start Time", "End Time", "Token Current Position"),
)
STATUSES = {
    InstanceState.RUNNING: "Running",
    InstanceState.ENDED: "Completed",
    InstanceState.CANCELLED: "Cancelled",
    InstanceState.FAILED: "Failed",
}

Cell = str | int | None
"""Text goes between quotes, a number bare; None is nothing at all."""


def csv_reply(exchange: Exchange, rows: Sequence[Sequence[Cell]], *, utf16: bool) -> Reply:
    """Return rows as CSV, or in UTF-16 with a byte order mark and tabs; with `questetra_csv: safe` without formulas."""
    if exchange.context.policy.questetra_safe_csv:
        rows = [[safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    mark = "\t" if utf16 else ","
    text = "".join(f"{mark.join(map(_cell, row))}\r\n" for row in rows)
    body = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if utf16 else text.encode()
    kind = "text/tab-separated-values; charset=UTF-16" if utf16 else "text/csv; charset=UTF-8"
    return Reply(body=body, headers={"Content-Type": kind})


def rows_of(listing: InstancePage, shown: Sequence[int], time_zone: str) -> list[list[Cell]]:
    """Return a list of processes with its headings; a file item has two columns."""
    return rows_of_all(listing.found, listing.app, shown, time_zone)


def rows_of_all(
    found: Sequence[ListedInstance], app: LoadedApp | None, shown: Sequence[int], time_zone: str
) -> list[list[Cell]]:
    """Return processes with their headings; `app` is the one that was asked for, in its newest version."""
    zone = ZoneInfo(time_zone)
    items = _items(found, app, shown)
    headings: list[Cell] = [*HEADINGS]
    for item in items:
        headings += [f"{item.label}_FileName", f"{item.label}_ContentType"] if item.is_file_type else [item.label]
    return [headings, *(_row(one, items, zone) for one in found)]


def _items(found: Sequence[ListedInstance], app: LoadedApp | None, shown: Sequence[int]) -> list[Field]:
    """Return the items to show, as the newest version of the app asked for has them, else the first process."""
    fields = list(app.manifest.fields) if app else []
    for one in found:
        fields += one.app.manifest.fields
    known: dict[int, Field] = {}
    for field in fields:
        if field.number in shown and field.type is not FieldType.SEPARATOR:
            known.setdefault(field.number, field)
    return list(known.values())


def _row(one: ListedInstance, items: Sequence[Field], zone: ZoneInfo) -> list[Cell]:
    instance, starter = one.instance, one.starter
    row: list[Cell] = [one.row.id, one.row.name, one.row.category, one.app.number, instance.id]
    row += [STATUSES[instance.state], instance.starter_id, starter.name if starter else None]
    row += [starter.group_id, starter.group_name] if starter else [None, None]
    row += [instance.title, local(instance.started_at, zone), local(instance.ended_at, zone)]
    row.append(", ".join(one.nodes) or None)
    for item in items:
        known = one.app.manifest.field_number(item.number)
        if item.is_file_type:
            files = stored(one, known) if known is not None else []
            row.append("\n".join(file.name for file in files) or None)
            row.append("\n".join(file.media_type or "application/octet-stream" for file in files) or None)
        else:
            row.append(None if known is None or known.is_file_type else _text(value(one, known, zone)))
    return row


def local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """Return a moment on somebody's clock, or None for none."""
    return None if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _text(held: object) -> str | None:
    """Return an item's value as text: choices by what they show, a table as JSON."""
    if held is None:
        return None
    if not isinstance(held, list):
        return str(held)
    rows = cast("list[dict[str, object]]", held)
    if all("display" in row and "value" in row for row in rows):
        return ", ".join(str(row["display"]) for row in rows)
    return json.dumps(rows, ensure_ascii=False)


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
