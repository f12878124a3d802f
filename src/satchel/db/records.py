"""SQL of records: the instances of one app, found by the exact values of their fields."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from psycopg.types.json import Jsonb

from satchel.db.instances import SLOT_COLUMNS, instances_where
from satchel.db.pool import Reader
from satchel.model.ids import AccountId, AppId
from satchel.model.instance import Instance, InstanceState

RECORD_STATES = (InstanceState.RUNNING, InstanceState.ENDED)
"""Of the instances that are records; a cancelled or failed one is none any more."""


async def records(
    tx: Reader,
    account: AccountId,
    app: AppId,
    *,
    equal: Mapping[str, object],
    numbers: Mapping[str, Decimal],
    empty: Sequence[str],
    slots: Mapping[str, object],
    after: int,
    limit: int,
) -> list[Instance]:
    """Return the records that have some values, by number.

    Args:
        tx: where.
        account: whose.
        app: which app's.
        equal: canonical values by field.
        numbers: decimals by field, which are equal whatever places they are written with.
        empty: fields without a value.
        slots: what the slot columns of searchable fields among `equal` hold; a shortcut to the same records.
        after: the number of the last record that is not wanted any more.
        limit: the most that are returned.
    """
    unknown = set(slots) - set(SLOT_COLUMNS)
    if unknown:
        raise ValueError(f"no slot columns: {sorted(unknown)}")
    condition = (
        "i.account_id = %(account)s AND i.app_id = %(app)s AND i.state = ANY(%(states)s) AND i.id > %(after)s"
        ' AND i."values" @> %(equal)s AND NOT i."values" ?| %(empty)s'
    )
    named: dict[str, object] = {}
    for place, (field, number) in enumerate(numbers.items()):
        condition += f' AND (i."values" ->> %(field_{place})s)::numeric = %(number_{place})s'
        named |= {f"field_{place}": field, f"number_{place}": number}
    condition += "".join(f" AND i.{column} = %({column})s" for column in slots)
    found = await instances_where(
        tx,
        "i.id",
        condition,
        "i.id",
        parameters={
            "account": account,
            "app": app,
            "states": [state.value for state in RECORD_STATES],
            "after": after,
            "equal": Jsonb(dict(equal)),
            "empty": list(empty),
            **named,
            **slots,
        },
        limit=limit,
    )
    return [instance for instance, _ in found]
