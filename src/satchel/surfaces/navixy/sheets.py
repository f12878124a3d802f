"""A filled form as a file: a spreadsheet with a row for each field, or a PDF (`papers`).

What writes the two is loaded when the first form is asked for: it fills 25 MB, and most servers never write one.
"""

import asyncio
import io
from collections.abc import Sequence

from satchel.actions import pictures, tasks
from satchel.actions.tasks import TaskView
from satchel.model.fields import Field, FieldType
from satchel.model.ids import TaskId
from satchel.model.template import as_text
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Reply
from satchel.surfaces.navixy import values, wire
from satchel.surfaces.navixy.inputs import read_inputs, refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
MAX_CELL_CHARS = 32_767
"""The most that a cell of the format holds; a longer text is cut there."""

MAX_PICTURES = 40
"""The most of one PDF; further images stand there by their names."""


async def download(exchange: Exchange) -> Reply:
    """Return a task's filled form as a file."""
    return await _download(exchange, "task_id")


async def download_form(exchange: Exchange) -> Reply:
    """Return a filled form by its number as a file."""
    return await _download(exchange, "id")


async def _download(exchange: Exchange, parameter: str) -> Reply:
    given = await read_inputs(exchange)
    kind = given.text("format")
    if kind not in ("xlsx", "pdf"):
        raise refused("format", "must be pdf or xlsx")
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer(parameter)))
    if kind == "pdf":
        body, media_type = await _pdf(exchange, seen), PDF
    else:
        body, media_type = await asyncio.to_thread(_workbook, _rows(seen)), XLSX
    headers = {"Content-Type": media_type, "Content-Disposition": f'attachment; filename="form-{seen.task.id}.{kind}"'}
    return Reply(body=body, headers=headers)


async def _pdf(exchange: Exchange, seen: TaskView) -> bytes:
    from satchel.surfaces.navixy import papers  # noqa: PLC0415  # see the module's docstring

    rows: list[papers.Row] = []
    left = MAX_PICTURES
    for field in _fields(seen):
        held = [file for file in seen.files if file.field_id == field.id][:left] if field.is_file_type else []
        found = [await pictures.small(exchange.context, exchange.actor, file) for file in held]
        drawn = [picture for picture in found if picture is not None]
        left -= len(drawn)
        rows.append(papers.Row(label=field.label, text=_held(seen, field), pictures=drawn))
    name = " · ".join(dict.fromkeys((seen.instance.identifier, seen.instance.title, seen.task.name)))
    made_at = exchange.context.clock()
    return await asyncio.to_thread(papers.write_pdf, seen.app.manifest.name, name, rows, made_at=made_at)


def _rows(seen: TaskView) -> list[tuple[str, str]]:
    rows = [(seen.app.manifest.name, seen.instance.title)]
    return rows + [(field.label, _held(seen, field)) for field in _fields(seen)]


def _fields(seen: TaskView) -> list[Field]:
    shown = values.shown(seen.app.manifest.fields, seen.form)
    return [field for field in shown if field.type is not FieldType.SEPARATOR]


def _held(seen: TaskView, field: Field) -> str:
    if field.is_file_type:
        return ", ".join(file.name for file in seen.files if file.field_id == field.id)
    stored = seen.values.get(field.id)
    labels = {option.id: option.label for option in field.limits.options}
    if labels and isinstance(stored, str):
        return labels.get(stored, stored)
    if labels and isinstance(stored, list):
        return ", ".join(label for option, label in labels.items() if option in stored)
    return as_text(stored)


def _workbook(rows: Sequence[tuple[str, str]]) -> bytes:
    """Return a workbook of one sheet; every cell is text, so that nothing that people wrote is a formula."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; see the module's docstring

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Form")  # pyright: ignore[reportUnknownMemberType]  # a parameter of theirs has no type
        sheet.set_column(0, 1, 40)
        for number, (label, held) in enumerate(rows):
            sheet.write_string(number, 0, label[:MAX_CELL_CHARS])
            sheet.write_string(number, 1, held[:MAX_CELL_CHARS])
    return out.getvalue()


ENDPOINTS: tuple[Endpoint, ...] = (
    *wire.call("task/form/download", download),
    *wire.call("form/download", download_form),
)
"""The routes of this module."""
