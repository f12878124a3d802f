"""SQL of options that another app's instances have: the values of one of its searchable fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from satchel.db.instances import SLOT_COLUMNS
from satchel.db.pool import Reader, assembled
from satchel.db.records import RECORD_STATES
from satchel.model.ids import AccountId, AppId, FieldId


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which values are options.

    Attributes:
        field: that has them, a searchable text.
        column: the slot column of it.
        equal: canonical values of other fields that the instances must have.
        slots: what the slot columns of those hold; a shortcut to the same instances.
    """

    account: AccountId
    app: AppId
    field: FieldId
    column: str
    equal: Mapping[str, object]
    slots: Mapping[str, object]


async def is_option(tx: Reader, wanted: Wanted, text: str, slot: object) -> bool:
    """Return whether an instance has this value; `slot` is what the field's column holds for it."""
    condition, parameters = _condition(wanted)
    query = (
        f"SELECT EXISTS (SELECT FROM instances i WHERE {condition} AND i.{wanted.column} = %(slot)s"
        ' AND i."values" ->> %(field)s = %(text)s)'
    )
    return bool(await tx.value(bool, assembled(query), {**parameters, "slot": slot, "text": text}))


async def options(tx: Reader, wanted: Wanted, *, begins: str, limit: int) -> list[str]:
    """Return the values that begin with a text, each once, in order; `begins` is in the form of a slot column."""
    condition, parameters = _condition(wanted)
    pattern = "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in begins) + "%"
    query = (
        f'SELECT i."values" ->> %(field)s FROM instances i WHERE {condition} AND i.{wanted.column} LIKE %(begins)s'
        f" GROUP BY i.{wanted.column}, 1 ORDER BY i.{wanted.column}, 1 LIMIT {int(limit)}"
    )
    return await tx.values(str, assembled(query), {**parameters, "begins": pattern})


def _condition(wanted: Wanted) -> tuple[str, dict[str, object]]:
    unknown = {wanted.column, *wanted.slots} - set(SLOT_COLUMNS)
    if unknown:
        raise ValueError(f"no slot columns: {sorted(unknown)}")
    condition = (
        "i.account_id = %(account)s AND i.app_id = %(app)s AND i.state = ANY(%(states)s)"
        f' AND i.{wanted.column} IS NOT NULL AND i."values" @> %(equal)s'
    )
    condition += "".join(f" AND i.{column} = %({column})s" for column in wanted.slots)
    parameters: dict[str, object] = {
        "account": wanted.account,
        "app": wanted.app,
        "states": [state.value for state in RECORD_STATES],
        "field": wanted.field,
        "equal": Jsonb(dict(wanted.equal)),
        **wanted.slots,
    }
    return condition, parameters
