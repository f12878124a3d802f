"""SQL of moves to another version: the moves, their results, and the rows of an instance that moves.

Lock order: the instance's row first, then the move's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, AppId, ElementId, InstanceId, MoveId, TokenId, UserId, VersionId
from satchel.model.moves import Move, MoveOutcome, MoveResult, MoveState

_MOVE = (
    "m.account_id, m.id, m.app_id, m.version_id, v.number, m.owner_id, m.mapping, m.state, m.position, m.bound,"
    " m.moved, m.refused, m.error_code, m.error, m.attempt, m.due_at, m.created_at, m.ended_at"
)
_FROM = "moves m JOIN app_versions v ON v.account_id = m.account_id AND v.id = m.version_id"
_RESULT = "instance_id, identifier, from_version, outcome, findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A running instance on another version than the one to move to."""

    id: InstanceId
    identifier: str
    version_id: VersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMove:
    """A move whose worker gave no sign of life."""

    account_id: AccountId
    id: MoveId


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedToken:
    """Where the engine's token stands in the new version; `name` is the element's, `message` what it waits for."""

    token: TokenId
    element: ElementId
    name: str
    message: str | None


async def candidates(
    tx: Reader, account: AccountId, app: AppId, version: VersionId, *, after: int, bound: int, limit: int
) -> list[Candidate]:
    """Return running instances of an app that are not on a version, by id."""
    return await tx.rows(
        Candidate,
        "SELECT id, identifier, version_id FROM instances WHERE account_id = %s AND app_id = %s AND state = 'running'"
        " AND version_id <> %s AND id > %s AND id <= %s ORDER BY id LIMIT %s",
        (account, app, version, after, bound, limit),
    )


async def count_others(tx: Reader, account: AccountId, app: AppId, version: VersionId) -> int:
    """Return how many running instances of an app are not on a version."""
    found = await tx.value(
        int,
        "SELECT count(*) FROM instances WHERE account_id = %s AND app_id = %s AND state = 'running'"
        " AND version_id <> %s",
        (account, app, version),
    )
    return found or 0


async def versions_in_use(tx: Reader, account: AccountId, app: AppId, version: VersionId) -> list[VersionId]:
    """Return the versions of an app, but one, on which instances run."""
    return await tx.values(
        VersionId,
        "SELECT DISTINCT version_id FROM instances WHERE account_id = %s AND app_id = %s AND state = 'running'"
        " AND version_id <> %s ORDER BY version_id",
        (account, app, version),
    )


async def last_instance(tx: Reader, account: AccountId, app: AppId) -> int:
    """Return the greatest number of a running instance of an app; 0 if there is none."""
    found = await tx.value(
        int,
        "SELECT coalesce(max(id), 0) FROM instances WHERE account_id = %s AND app_id = %s AND state = 'running'",
        (account, app),
    )
    return found or 0


async def insert_move(
    tx: Writer,
    account: AccountId,
    *,
    app: AppId,
    version: VersionId,
    owner: UserId,
    mapping: dict[str, str | None],
    bound: int,
    due_at: datetime,
    now: datetime,
) -> MoveId | None:
    """Begin a move; None if one of the app is running."""
    return await tx.value(
        MoveId,
        "INSERT INTO moves (account_id, app_id, version_id, owner_id, mapping, state, bound, due_at, created_at)"
        " VALUES (%s, %s, %s, %s, %s, 'running', %s, %s, %s)"
        " ON CONFLICT (account_id, app_id) WHERE state = 'running' DO NOTHING RETURNING id",
        (account, app, version, owner, Jsonb(mapping), bound, due_at, now),
    )


async def move(tx: Reader, account: AccountId, move_id: MoveId) -> Move | None:
    """Return a move of the account."""
    return await tx.row(Move, f"SELECT {_MOVE} FROM {_FROM} WHERE m.account_id = %s AND m.id = %s", (account, move_id))


async def lock_move(tx: Writer, account: AccountId, move_id: MoveId) -> Move | None:
    """Return a move, locked until the transaction ends."""
    return await tx.row(
        Move, f"SELECT {_MOVE} FROM {_FROM} WHERE m.account_id = %s AND m.id = %s FOR UPDATE OF m", (account, move_id)
    )


async def running_move(tx: Reader, account: AccountId, app: AppId) -> MoveId | None:
    """Return the move of an app's instances that is running."""
    return await tx.value(
        MoveId, "SELECT id FROM moves WHERE account_id = %s AND app_id = %s AND state = 'running'", (account, app)
    )


async def moves(tx: Reader, account: AccountId, app: AppId, *, after: int, limit: int) -> list[Move]:
    """Return a page of an app's moves, by id."""
    return await tx.rows(
        Move,
        f"SELECT {_MOVE} FROM {_FROM} WHERE m.account_id = %s AND m.app_id = %s AND m.id > %s ORDER BY m.id LIMIT %s",
        (account, app, after, limit),
    )


async def due_moves(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[DueMove]:
    """Return moves of every account whose worker gave no sign of life, but for some."""
    return await tx.rows(
        DueMove,
        "SELECT account_id, id FROM moves WHERE due_at <= %s AND id <> ALL(%s::bigint[]) ORDER BY due_at LIMIT %s",
        (now, list(but), limit),
    )


async def set_due(tx: Writer, account: AccountId, move_id: MoveId, *, due_at: datetime, attempt: int) -> None:
    """Set when a living worker would have given a sign, and how often the move was taken up again."""
    await tx.execute(
        "UPDATE moves SET due_at = %s, attempt = %s WHERE account_id = %s AND id = %s AND state = 'running'",
        (due_at, attempt, account, move_id),
    )


async def note_result(tx: Writer, account: AccountId, move_id: MoveId, result: MoveResult, *, due_at: datetime) -> bool:
    """Record what became of the next instance; return False if the move has ended, or was past it already."""
    counted = "moved" if result.outcome.moves else "refused"
    noted = await tx.value(
        int,
        f"UPDATE moves SET position = %s, {counted} = {counted} + 1, due_at = %s, attempt = 0"
        " WHERE account_id = %s AND id = %s AND state = 'running' AND position < %s RETURNING 1",
        (result.instance_id, due_at, account, move_id, result.instance_id),
    )
    if noted is None:
        return False
    tx.put(
        f"INSERT INTO move_results (account_id, move_id, {_RESULT}) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            account,
            move_id,
            result.instance_id,
            result.identifier,
            result.from_version,
            result.outcome.value,
            Jsonb([dict(finding) for finding in result.findings]),
        ),
    )
    return True


async def end_move(
    tx: Writer,
    account: AccountId,
    move_id: MoveId,
    state: MoveState,
    now: datetime,
    *,
    code: str | None = None,
    message: str | None = None,
) -> bool:
    """End a move, and return whether it ran."""
    ended = await tx.value(
        int,
        "UPDATE moves SET state = %s, ended_at = %s, due_at = NULL, error_code = %s, error = %s"
        " WHERE account_id = %s AND id = %s AND state = 'running' RETURNING 1",
        (state.value, now, code, message, account, move_id),
    )
    return ended is not None


async def results(
    tx: Reader, account: AccountId, move_id: MoveId, *, outcome: MoveOutcome | None, after: int, limit: int
) -> list[MoveResult]:
    """Return a page of a move's results, by instance: of one outcome, or (None) all."""
    wanted = None if outcome is None else outcome.value
    return await tx.rows(
        MoveResult,
        f"SELECT {_RESULT} FROM move_results WHERE account_id = %(account)s AND move_id = %(move)s"
        " AND instance_id > %(after)s AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)"
        " ORDER BY instance_id LIMIT %(limit)s",
        {"account": account, "move": move_id, "after": after, "outcome": wanted, "limit": limit},
    )


async def set_version(tx: Writer, account: AccountId, instance: InstanceId, version: VersionId) -> None:
    """Put an instance, and its open tasks, on another version; who holds an older revision of a task reads it anew."""
    tx.put("UPDATE instances SET version_id = %s WHERE account_id = %s AND id = %s", (version, account, instance))
    tx.put(
        "UPDATE tasks SET version_id = %s, revision = revision + 1"
        " WHERE account_id = %s AND instance_id = %s AND closed_at IS NULL",
        (version, account, instance),
    )


async def set_elements(tx: Writer, account: AccountId, instance: InstanceId, tokens: Sequence[MovedToken]) -> None:
    """Give what waits at the engine's tokens the elements of the new version."""
    own = " AND r.account_id = %(account)s AND r.instance_id = %(instance)s AND r.token = moved.token"
    moved = (
        " FROM unnest(%(tokens)s::text[], %(elements)s::text[], %(names)s::text[], %(messages)s::text[])"
        " AS moved (token, element, name, message) WHERE true"
    )
    parameters = {
        "account": account,
        "instance": instance,
        "tokens": [one.token for one in tokens],
        "elements": [one.element for one in tokens],
        "names": [one.name for one in tokens],
        "messages": [one.message for one in tokens],
    }
    tx.put(
        f"UPDATE tasks r SET element = moved.element, name = moved.name{moved}{own} AND r.closed_at IS NULL", parameters
    )
    tx.put(
        f"UPDATE calls r SET element = moved.element, settings_version_id = NULL{moved}{own} AND r.state = 'waiting'",
        parameters,
    )
    tx.put(f"UPDATE incidents r SET element = moved.element{moved}{own} AND r.closed_at IS NULL", parameters)
    tx.put(
        "UPDATE waits r SET element = moved.element,"
        f" name = CASE WHEN r.kind = 'message' THEN moved.message ELSE r.name END{moved}{own}",
        parameters,
    )


async def set_fails_at(tx: Writer, account: AccountId, instance: InstanceId, *, failing: Sequence[ElementId]) -> None:
    """Have the open tasks at these elements fail when they are late, and no others."""
    tx.put(
        "UPDATE tasks SET fails_at = CASE WHEN element = ANY(%s) THEN due_at END"
        " WHERE account_id = %s AND instance_id = %s AND closed_at IS NULL",
        (list(failing), account, instance),
    )


async def set_kind(tx: Writer, account: AccountId, instance: InstanceId, token: TokenId, kind: str) -> None:
    """Set what kind of service task a waiting call is now."""
    await tx.execute(
        "UPDATE calls SET kind = %s WHERE account_id = %s AND instance_id = %s AND token = %s AND state = 'waiting'",
        (kind, account, instance, token),
    )
