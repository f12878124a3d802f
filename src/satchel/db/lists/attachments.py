"""SQL of lists of one instance's files by conditions on any of their columns, sorted by any, paged by offset.

Names of columns are constants here; what a person wrote is a parameter.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never, cast

from psycopg.types.json import Jsonb

from satchel.db.files import FILE
from satchel.db.lists.search import Where
from satchel.db.pool import Reader, assembled
from satchel.model.files import File
from satchel.model.ids import AccountId, InstanceId
from satchel.model.search.attachments import FileColumn, FileOperation, FilePage, FileTest

_EXPRESSIONS: Mapping[FileColumn, str] = {
    FileColumn.UUID: "f.uuid",
    FileColumn.DESCRIPTION: "f.description",
    FileColumn.ADDRESS: "coalesce(f.url, f.name)",
    FileColumn.STORED: "(f.kind = 'stored')::int",
    FileColumn.CREATED_AT: "f.created_at",
    FileColumn.SIZE: "coalesce(f.size_bytes, 0)",
    FileColumn.AREA: "coalesce(f.area, '')",
    FileColumn.PLACE: "(%(ranks)s::jsonb ->> f.field_id)::int",
}
_TEXTS = frozenset({FileColumn.DESCRIPTION, FileColumn.ADDRESS, FileColumn.AREA})
_IN_ORDER = "f.field_id, f.position, f.id"  # as the index is; the attachments tab comes last


async def files(tx: Reader, account: AccountId, instance: InstanceId, wanted: FilePage) -> list[File]:
    """Return a page of the files of an instance that are not deleted."""
    where = Where(parameters={"ranks": Jsonb(dict(wanted.ranks)), "offset": wanted.offset, "limit": wanted.limit})
    where.add("f.account_id = {}", account)
    where.add("f.instance_id = {}", instance)
    where.parts += ["f.deleted_at IS NULL", *(_test(where, one) for one in wanted.tests)]
    order = [key for column, descending in wanted.sort for key in _keys(column, "DESC" if descending else "ASC")]
    query = (
        f"SELECT {FILE} FROM files f WHERE {' AND '.join(where.parts)} ORDER BY {', '.join([*order, _IN_ORDER])}"
        " OFFSET %(offset)s LIMIT %(limit)s"
    )
    return await tx.rows(File, assembled(query), where.parameters)


def _test(where: Where, test: FileTest) -> str:
    expression, is_text = _EXPRESSIONS[test.column], test.column in _TEXTS
    match test.operation:
        case FileOperation.EMPTY:
            part = f"{expression} = ''" if is_text else f"{expression} IS NULL"
        case FileOperation.EQUAL:
            part = where.made(f"lower({expression}) = lower({{}})" if is_text else f"{expression} = {{}}", test.value)
        case FileOperation.IN:
            part = where.made(f"{expression} = ANY({{}})", test.value)
        case FileOperation.FROM:
            part = where.made(f"{expression} >= {{}}", test.value)
        case FileOperation.BEFORE:
            part = where.made(f"{expression} < {{}}", test.value)
        case FileOperation.OUTSIDE:
            low, high = cast("tuple[object, object]", test.value)
            part = where.made(f"({expression} < {{}} OR {expression} >= {{}})", low, high)
        case _:
            assert_never(test.operation)
    return f"({part}) IS NOT TRUE" if test.negated else part


def _keys(column: FileColumn, direction: str) -> Sequence[str]:
    expression = _EXPRESSIONS[column]
    if column not in _TEXTS:
        nulls = f"{direction} NULLS {'LAST' if direction == 'DESC' else 'FIRST'}"  # an empty value is the least
        return (f"{expression} {nulls if column is FileColumn.PLACE else direction}",)
    folded, exact = f'lower({expression}) COLLATE "C"', f'{expression} COLLATE "C"'
    return f"({expression} <> '') {direction}", f"{folded} {direction}", f"{exact} {direction}"
