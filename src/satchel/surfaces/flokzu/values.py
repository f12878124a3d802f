"""Values of fields in Flokzu's words: texts under labels, options by label, people by e-mail and role.

Going out, every simple value is text, as all that Flokzu is seen to send; a table is a list of rows, several choices a
list of texts. Coming in, the same is taken, and ours too: numbers, ids of options, of users and of groups.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import cast

from satchel.actions.identity import accounts
from satchel.actions.instances.lifecycle import View
from satchel.actions.lists.documents import PeopleNames
from satchel.actions.loading import LoadedApp
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.fields import Column, Field, FieldType, ValueLimits
from satchel.model.files import File
from satchel.model.ids import GroupId, UserId
from satchel.surfaces.flokzu import errors
from satchel.surfaces.flokzu.names import ids_of, names_of
from satchel.surfaces.kit.exchange import Exchange

_CHOSEN = (FieldType.CHOICE, FieldType.CHOICES)
_TEXTS = (FieldType.TEXT, FieldType.MULTILINE, FieldType.CHOICE)
_HEX_DIGITS = 32


def named_fields(app: LoadedApp) -> list[Field]:
    """Return the fields of an app that have a value, and so a name."""
    return [field for field in app.manifest.fields if field.type is not FieldType.SEPARATOR]


def shown(field: Field | Column, stored: object, people: PeopleNames) -> object:
    """Return a stored value as it is sent; a missing one is `""`, or an empty list where there would be one."""
    if isinstance(field, Field) and field.type is FieldType.TABLE:
        names = names_of(field.columns)
        rows = cast("Sequence[Mapping[str, object]]", stored or ())
        return [{names[one.id]: shown(one, row.get(one.id), people) for one in field.columns} for row in rows]
    if field.type is FieldType.CHOICES:
        return [_option(field, one) for one in cast("Sequence[object]", stored or ())]
    return "" if stored is None else _text(field, stored, people)


def _text(field: Field | Column, stored: object, people: PeopleNames) -> str:
    if field.type is FieldType.CHOICE:
        return _option(field, stored)
    if field.type is FieldType.USER and isinstance(stored, int):
        return people.users.get(UserId(stored), "")
    if field.type is FieldType.GROUP and isinstance(stored, int):
        return people.groups.get(GroupId(stored), "")
    return _as_text(stored) if isinstance(stored, int) else str(stored)


def _option(field: Field | Column, chosen: object) -> str:
    return names_of(field.limits.options).get(str(chosen), str(chosen))


async def read_values(
    exchange: Exchange,
    app: LoadedApp,
    given: Mapping[str, object],
    *,
    view: View | None = None,
    taken: Collection[str] = (),
    with_files: bool = True,
) -> dict[str, object]:
    """Return what actions take for values that a client gave by label (or by field id).

    A name that is no field's stays as it is: the action refuses it in the words that it has for hidden fields, which
    are nobody's to tell apart. Faults that are found later are told by the client's names too.

    Args:
        exchange: whose people are meant.
        app: whose fields are meant.
        given: by name.
        view: the instance whose files a file field may go on holding.
        taken: names that no field has.
        with_files: whether file fields take anything.

    Raises:
        InvalidValues: a user, a group or an attachment is not there, or a field is given twice.
    """
    fields = named_fields(app)
    errors.name_fields(exchange, names_of(fields, taken))
    known, by_id = ids_of(fields, taken), {str(field.id): field for field in fields}
    reader = _Reader(exchange, view.files if view is not None else ())
    found: dict[str, object] = {}
    for name, value in given.items():
        id_ = known.get(name, known.get(name.strip(), name))
        field = by_id.get(id_)
        if id_ in found:
            reader.fault(id_, "duplicate", "The field is given by its label and by its id.")
        elif field is not None and field.is_file_type and not with_files:
            reader.fault(id_, "unknown_field", "There is no such column.")
        else:
            found[id_] = value if field is None else await reader.value(field, id_, value)
    reader.check()
    return found


def _as_text(given: Decimal | int) -> str:
    """Return a number, or true or false, as the text that a text field takes."""
    if isinstance(given, bool):
        return "true" if given else "false"
    return format(given, "f") if isinstance(given, Decimal) else str(given)


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self, exchange: Exchange, files: Sequence[File]) -> None:
        self._exchange = exchange
        self._files = {file.uuid.hex: file for file in files}
        self._faults: list[FieldFault] = []

    def fault(self, place: str, code: str, message: str) -> None:
        self._faults.append(FieldFault(field=place[:80], code=code, message=message))

    def check(self) -> None:
        if self._faults:
            raise InvalidValues(self._faults)

    async def value(self, field: Field, place: str, given: object) -> object:
        if field.is_file_type:
            return self._file_numbers(field, place, given)
        if field.type is FieldType.TABLE and isinstance(given, list):
            rows = cast("list[object]", given)
            return [await self._row(field, f"{place}/{number}", row) for number, row in enumerate(rows)]
        return await self._scalar(field.type, field.limits, place, given)

    async def _row(self, field: Field, place: str, given: object) -> object:
        if not isinstance(given, dict):
            return given
        known, by_id = ids_of(field.columns), {one.id: one for one in field.columns}
        row: dict[str, object] = {}
        for name, value in cast("Mapping[str, object]", given).items():
            id_ = known.get(name, name)
            column = by_id.get(id_)
            at = f"{place}/{id_}"
            row[id_] = value if column is None else await self._scalar(column.type, column.limits, at, value)
        return row

    async def _scalar(self, type_: FieldType, limits: ValueLimits, place: str, given: object) -> object:
        if type_ in _TEXTS and isinstance(given, int | Decimal):
            given = _as_text(given)
        if type_ in _CHOSEN:
            ids = ids_of(limits.options)
            if isinstance(given, list):
                return [ids.get(one, one) if isinstance(one, str) else one for one in cast("list[object]", given)]
            chosen = ids.get(given, given) if isinstance(given, str) else given
            return [chosen] if type_ is FieldType.CHOICES and chosen not in (None, "") else chosen
        if type_ in (FieldType.USER, FieldType.GROUP) and isinstance(given, str) and given.strip():
            return await self._person(type_, place, given.strip())
        return given

    async def _person(self, type_: FieldType, place: str, given: str) -> object:
        context, actor = self._exchange.context, self._exchange.actor
        try:
            if type_ is FieldType.USER and "@" in given:
                return (await accounts.user_by_email(context, actor, given)).id
            if type_ is FieldType.GROUP and not given.isdigit():
                return (await accounts.group_named(context, actor, given)).id
        except NotFound:
            what = type_.value
            self.fault(place, f"unknown_{what}", f"There is no {what} {given[:80]} in this account.")
        return given

    def _file_numbers(self, field: Field, place: str, given: object) -> object:
        """Return the numbers of the files that a field shall hold: of attachments that it holds, and of uploads."""
        if given is None or given == "":
            return None
        several = cast("list[object]", given) if isinstance(given, list) else [given]
        return [self._file_number(field, place, one) for one in several]

    def _file_number(self, field: Field, place: str, given: object) -> object:
        if not isinstance(given, dict):
            return given
        named = cast("Mapping[str, object]", given).get("attachmentId")
        held = self._files.get(named) if isinstance(named, str) and len(named) == _HEX_DIGITS else None
        if held is None or held.field_id != field.id:
            message = "The field does not hold this attachment. Attach files with instances/file."
            self.fault(place, "unknown_attachment", message)
            return 0
        return int(held.id)
