"""Values of data items: what a field holds, as its type has it here; and what a form gives for one.

Going out, choices are pairs of what they show and their id, people and organizations are names. Coming in, a choice is
an id, and a user also an e-mail, an organization also a name.
"""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from satchel.actions.identity import accounts
from satchel.actions.lists.processes import ListedInstance
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, NotFound
from satchel.model.fields import Field, FieldType
from satchel.model.ids import GroupId, UserId
from satchel.model.search import criteria
from satchel.model.strict_json import parse_json
from satchel.model.values import whole_rows
from satchel.surfaces.kit.exchange import Exchange

T = TypeVar("T")

_DATA_TYPES: Mapping[str, str] = {"file": "FILE2"}
"""Where a data type is not the criteria's word for it in capitals."""

_SUBTYPES: Mapping[FieldType, str] = {FieldType.DATE: "DATE_YMD"}


def data_type(known: Field) -> str:
    """Return what a field's values are called."""
    word = criteria.item_type(known)
    return _DATA_TYPES.get(word, word.upper())


def subtype(known: Field) -> str | None:
    """Return what narrows a field's data type."""
    return _SUBTYPES.get(known.type)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone, its offset without a colon: `2022-04-11T11:06:36+0900`."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def value(one: ListedInstance, known: Field, zone: ZoneInfo) -> object:
    """Return what a field that holds no files holds; None for nothing."""
    held = one.instance.values.get(known.id)
    if held is None:
        return None
    if known.type in (FieldType.CHOICE, FieldType.CHOICES):
        labels = {option.id: option.label for option in known.limits.options}
        chosen = cast("list[object]", held) if isinstance(held, list) else [held]
        return [{"display": labels.get(str(one), str(one)), "value": str(one)} for one in chosen]
    if known.type is FieldType.DATETIME and isinstance(held, str):
        return moment(datetime.fromisoformat(held), zone)
    if known.type is FieldType.BOOLEAN:
        return "true" if held else "false"
    if known.type in (FieldType.USER, FieldType.GROUP) and isinstance(held, int):
        return one.users.get(UserId(held)) if known.type is FieldType.USER else one.groups.get(GroupId(held))
    return whole_rows(known, held) if known.type is FieldType.TABLE else held


async def read_value(exchange: Exchange, actor: Actor, known: Field, found: Sequence[object]) -> object:
    """Return what a form gives for a field, as actions take it.

    Args:
        exchange: the request.
        actor: whose account's users and organizations are meant.
        known: the field.
        found: the texts, and the numbers of uploads, that came for it.

    Raises:
        InvalidRequest: there are several where one is taken, it names nobody, or it is no JSON where that is needed.
    """
    filled = [one for one in found if one != ""]
    if known.is_file_type or known.type is FieldType.CHOICES:
        return filled
    if len(found) > 1:
        raise InvalidRequest(f"{known.label} takes one value.")
    if not filled:
        return None
    text = str(filled[0])
    if known.type is FieldType.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if known.type in (FieldType.USER, FieldType.GROUP) and not text.isdigit():
        return await _named(exchange, actor, known, text)
    return parse_json(text.encode()) if known.type is FieldType.TABLE else text


async def _named(exchange: Exchange, actor: Actor, known: Field, text: str) -> int:
    """Return the number of a user by e-mail, or of an organization by name."""
    if known.type is FieldType.USER:
        return (await _known(accounts.user_with_email(exchange.context, actor, text))).id
    return (await _known(accounts.group_named(exchange.context, actor, text))).id


async def _known(finding: Awaitable[T]) -> T:
    try:
        return await finding
    except NotFound as error:
        raise InvalidRequest(error.message) from None
