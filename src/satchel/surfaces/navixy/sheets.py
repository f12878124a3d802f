"""A filled form as a file: a spreadsheet with a row for each field, or a PDF (`papers`)."""

import asyncio
import io
from collections.abc import Sequence

from satchel.actions.files import pictures
from satchel.actions.instances import tasks
from satchel.actions.instances.tasks import TaskView
from satchel.model.fields import Field, FieldType
from satchel.model.ids import TaskId
from satchel.model.template import as_text
from satchel.surfaces.kit.endpoints import Endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import papers, values
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.inputs import Inputs

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
"""By format."""

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
    given = await Inputs.read(exchange)
    kind = format_of(given)
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer(parameter)))
    is_pdf = kind == "pdf"
    body = await _pdf(exchange, seen) if is_pdf else await asyncio.to_thread(workbook, _rows(seen))
    return as_file(body, f"form-{seen.task.id}", kind)


def format_of(given: Inputs) -> str:
    """Return the format of the file that is asked for, which ends its name.

    Raises:
        InvalidRequest: there is no such format.
    """
    kind = given.text("format")
    if kind not in MEDIA_TYPES:
        raise refused("format", "must be pdf or xlsx")
    return kind


def as_file(body: bytes, name: str, kind: str) -> Reply:
    """Return an answer that is a file of one of the formats; the name is without its ending."""
    said = f'attachment; filename="{name}.{kind}"'
    return Reply(body=body, headers={"Content-Type": MEDIA_TYPES[kind], "Content-Disposition": said})


async def _pdf(exchange: Exchange, seen: TaskView) -> bytes:
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


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook of one sheet; every cell is text, so that nothing that people wrote is a formula."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; 13 MB that most servers never need

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Form")  # pyright: ignore[reportUnknownMemberType]  # a parameter of theirs has no type
        sheet.set_column(0, max(map(len, rows), default=1) - 1, 40)
        for number, cells in enumerate(rows):
            for column, held in enumerate(cells):
                sheet.write_string(number, column, held[:MAX_CELL_CHARS])
    return out.getvalue()


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/task/form/download", download),
    *get_or_post(f"{BASE}/form/download", download_form),
)
"""The routes of this module."""
