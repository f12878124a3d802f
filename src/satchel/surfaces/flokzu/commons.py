"""Commons: small services that processes call: who an assignee is, sums and texts, an echo."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext

import msgspec

from satchel.actions.identity import accounts
from satchel.model.errors import InvalidRequest, NotFound
from satchel.model.strict_json import parse_json
from satchel.surfaces.flokzu.addresses import BASE
from satchel.surfaces.flokzu.inputs import Inputs
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.given import refused

MAX_ELEMENTS = 1_000
MAX_ASSIGNEES = 100
MAX_DIGITS = 100

_ELEMENT = re.compile(r"elem_([1-9][0-9]{0,3})")
_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{0,60})?")


async def assignees(exchange: Exchange) -> Reply:
    """Return those of some e-mails and roles that the account has, in order."""
    named = Inputs.of_query(exchange).sequence("assignees")
    if not named or len(named) > MAX_ASSIGNEES or not all(isinstance(one, str) for one in named):
        raise refused("assignees", f"is a JSON list of 1 to {MAX_ASSIGNEES} e-mails and roles")
    people = await accounts.people(exchange.context, exchange.actor)
    roles = {group.name for group in people.groups}
    wanted = dict.fromkeys(str(name).strip() for name in named)
    found = [one for one in wanted if one in roles or await _is_user(exchange, one)]
    return json_reply({"result": [{"assignee": one} for one in found]})


async def _is_user(exchange: Exchange, email: str) -> bool:
    try:
        return (await accounts.user_by_email(exchange.context, exchange.actor, email)).is_active
    except NotFound:
        return False


async def calculate(exchange: Exchange) -> Reply:
    """Add up, join or compare `elem_1` to `elem_N`, as `oper` says."""
    name = Inputs.of_query(exchange).text("oper").lower()
    if name not in OPERATIONS:
        raise refused("oper", f"is one of {', '.join(OPERATIONS)}")
    elements = _elements(await Inputs.body_members(exchange))
    return json_reply({"result": OPERATIONS[name](elements)})


def _elements(body: Mapping[str, object]) -> list[str]:
    """Return the elements in the order of their numbers.

    Raises:
        InvalidRequest: there are less than two or too many, or one is no text and no number.
    """
    found: dict[int, str] = {}
    for name, value in body.items():
        match = _ELEMENT.fullmatch(name)
        if match is None:
            raise refused(name[:80], "is no element; they are elem_1, elem_2 and so on")
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise refused(name, "is a text or a number")
        found[int(match.group(1))] = format(value, "f") if isinstance(value, Decimal) else str(value)
    if not 2 <= len(found) <= MAX_ELEMENTS:  # noqa: PLR2004  # elem_1 and elem_2 are required
        raise refused("elem_1, elem_2", f"and more, {MAX_ELEMENTS} at most, are needed")
    return [found[number] for number in sorted(found)]


def _sum(elements: Sequence[str]) -> msgspec.Raw:
    """Return the exact sum as a JSON number."""
    wrong = next((one for one in elements if not _NUMBER.fullmatch(one.strip())), None)
    if wrong is not None:
        raise InvalidRequest(f"{wrong[:40]!r} is no number: digits with a dot are.")
    with localcontext(prec=MAX_DIGITS + len(str(MAX_ELEMENTS)) + MAX_DIGITS):
        total = sum((Decimal(one.strip()) for one in elements), Decimal(0))
    return msgspec.Raw(format(total, "f").encode())


def _contains(elements: Sequence[str]) -> bool:
    """Return whether the first contains each of the others."""
    return all(one in elements[0] for one in elements[1:])


OPERATIONS: Mapping[str, Callable[[Sequence[str]], object]] = {
    "sum": _sum,
    "concat": "".join,
    "contains": _contains,
}


async def echo(exchange: Exchange) -> Reply:
    """Return the JSON body as it came."""
    body = await exchange.json_body()
    if body:
        parse_json(body, max_bytes=exchange.parts.max_json_bytes)
    return Reply(body=body or b"{}", headers={"Content-Type": "application/json"})


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("GET", f"{BASE}/commons/assignee/list", assignees),
    endpoint("POST", f"{BASE}/commons/MATH/operations", calculate),
    endpoint("POST", f"{BASE}/commons/JSON/echo", echo),
)
"""The routes of this module."""
