"""A filled form as a spreadsheet: a row for each field, its label and what it holds."""

import asyncio
import io
from collections.abc import Sequence

import xlsxwriter  # type: ignore[import-untyped]  # it ships neither stubs nor py.typed

from satchel.actions import tasks
from satchel.actions.tasks import TaskView
from satchel.model.fields import Field, FieldType
from satchel.model.ids import TaskId
from satchel.model.template import as_text
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Reply
from satchel.surfaces.navixy import values, wire
from satchel.surfaces.navixy.inputs import read_inputs, refused

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_CELL_CHARS = 32_767
"""The most that a cell of the format holds; a longer text is cut there."""


async def download(exchange: Exchange) -> Reply:
    """Return a task's filled form as a file."""
    return await _download(exchange, "task_id")


async def download_form(exchange: Exchange) -> Reply:
    """Return a filled form by its number as a file."""
    return await _download(exchange, "id")


async def _download(exchange: Exchange, parameter: str) -> Reply:
    given = await read_inputs(exchange)
    if given.text("format") != "xlsx":
        raise refused("format", "must be xlsx")
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer(parameter)))
    body = await asyncio.to_thread(_workbook, _rows(seen))
    headers = {"Content-Type": MEDIA_TYPE, "Content-Disposition": f'attachment; filename="form-{seen.task.id}.xlsx"'}
    return Reply(body=body, headers=headers)


def _rows(seen: TaskView) -> list[tuple[str, str]]:
    fields = values.shown(seen.app.manifest.fields, seen.form)
    rows = [(seen.app.manifest.name, seen.instance.title)]
    return rows + [(field.label, _held(seen, field)) for field in fields if field.type is not FieldType.SEPARATOR]


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
