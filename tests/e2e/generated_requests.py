"""Generates requests from the API's description, fills in existing things, and checks every answer against it."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from e2e.known_things import APP, BUNDLE, CALLING_APP, FIELD_IDS, VALUES, KnownThings
from world import PDF

Request = Case[Any]

CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SERVER_ERROR = "Server error"
UNAVAILABLE = frozenset({503, 507})
"""Server errors that are described and expected: unavailable, and over quota."""

REFUSALS = [400, 401, 403, 404, 409, 410, 412, 413, 415, 416, 422, 428, 429, 503, 507]
"""The statuses that may refuse an invalid request; another part of it may be refused first."""

TIMEOUT_S = 30.0
SHOWN = 3
"""How many requests are shown for each operation and broken rule."""

FRESH = 0.3
"""The share of ids for which something new is created: earlier requests may have deleted the existing ones."""

_ELSEWHERE = re.compile(r"^(https?://)[^/?#]*", re.IGNORECASE)
_NOWHERE = r"\1hooks.example"

KINDS = {
    "email": "email",
    "group": "group",
    "groups": "group",
    "instance": "instance",
    "search": "search",
    "task": "task",
    "upload": "upload",
    "uploads": "filled_upload",
    "attachments": "filled_upload",
    "user": "user",
}
"""The kind of thing that a member of a body or query refers to."""

KINDS_AT = {
    ("/apps/{app}/actions/", "action"): "starting_action",
    ("/export-links/", "token"): "export_token",
    ("/files/{file}/preview", "file"): "picture",
    ("/files/{file}/restore", "file"): "deleted_file",
    ("/services/", "instance"): "calling_instance",
    ("/services/", "name"): "service",
    ("/tasks/{task}/arrive", "task"): "held_task",
    ("/tasks/{task}/complete", "task"): "held_task",
    ("/tasks/{task}/release", "task"): "held_task",
    ("/tasks/{task}/save", "task"): "held_task",
    ("/uploads/{upload}/preview", "upload"): "picture_upload",
    ("/uploads/{upload}/signature", "upload"): "signature_upload",
}
"""The kind of thing that a path parameter refers to, by a part of the path; elsewhere the parameter's own name."""

USED_ONCE = frozenset({"Idempotency-Key", "token"})
"""Mostly left out: a key that was used before and a wrong token are refused before anything else is looked at."""

WORDS: dict[str, Sequence[object]] = {
    "app": [APP, CALLING_APP, "EVA"],
    "area": ["Documents", None],
    "as": ["curl", "native", "questetra-json", "questetra-xml"],
    "at": ["02:30"],
    "events": [["start"], ["done", "save"], []],
    "expires_at": ["2099-01-31T09:30:00Z"],
    "field": ["papers", "pictures", "signed"],
    "fields": [["papers"], []],
    "filter": ["mine", "offered"],
    "format": ["satchel", "flokzu"],
    "If-Match": ["*"],
    "If-None-Match": ["*"],
    "include": ["files"],
    "locale": ["en", "de"],
    "outcome": ["yes", "no"],
    "path": ["M 1 1 L 9 9 L 4 7"],
    "query": [{"app": APP}, {"app": APP, "states": ["running"], "fields": {"amount": {"from": "1"}}}],
    "Range": ["bytes=0-9", "bytes=-1"],
    "redirect_uris": [["https://program.example/back"]],
    "right": ["start", "view", "modify", "delete", "export", "manage"],
    "sha256": [None],
    "sort": ["title", "-started_at", "field:amount"],
    "time_zone": ["Europe/Berlin"],
    "Upload-Length": [str(len(PDF))],
    "Upload-Offset": ["0"],
    "url": ["https://pages.example/desk"],
}
"""Valid values that generated text would hardly ever hit, by the member's name."""

WORDS_AT: dict[tuple[str, str], Sequence[object]] = {
    ("/api/v1/instances/{instance}/files", "kind"): ["link"],
    ("/api/v1/users/{user}/credentials", "kind"): ["token", "api_key", "api_password"],
}


@dataclass(slots=True)
class Tally:
    """The requests that were sent, and their results.

    Attributes:
        statuses: how often each status was answered.
        done: how many requests succeeded, by operation.
        faults: requests with their answers, by operation and broken rule.
    """

    statuses: Counter[int] = field(default_factory=Counter[int])
    done: Counter[str] = field(default_factory=Counter[str])
    faults: dict[tuple[str, str], list[str]] = field(default_factory=dict[tuple[str, str], list[str]])

    def count(self, label: str, status: int) -> None:
        """Count one answer."""
        self.statuses[status] += 1
        self.done[label] += status < requests.codes.bad_request

    def note(self, label: str, rule: str, what: str) -> None:
        """Record that an answer broke a rule."""
        noted = self.faults.setdefault((label, rule), [])
        if len(noted) < SHOWN:
            noted.append(what)

    def summary(self) -> str:
        """Return the number of requests, operations and answers by status."""
        by_status = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        never = ", ".join(label for label, number in self.done.items() if number == 0) or "none"
        total = f"{self.statuses.total()} requests to {len(self.done)} operations"
        return f"{total}; {by_status}; operations that never succeeded: {never}"


def cases(schema: Any, operation: Any, *, number: int, boundaries: int, start: int) -> Iterator[Request]:
    """Yield requests for one operation: at the boundaries of its schemas, then random ones, valid and invalid.

    Args:
        number: how many valid and how many invalid random requests.
        boundaries: the most requests at boundaries.
        start: the seed.
    """
    modes = list(GenerationMode)
    configuration = schema.config.generation
    at_limits = list(schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=configuration))
    random.Random(start).shuffle(at_limits)  # noqa: S311  # which of them are left out is no secret
    yield from islice((case for case in at_limits if case.method == operation.method.upper()), boundaries)
    for mode in modes:
        yield from _drawn(operation.as_strategy(generation_mode=mode), number, start)


def _drawn(strategy: SearchStrategy[Request], number: int, start: int) -> list[Request]:
    found: list[Request] = []

    @seed(start)
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def collect(case: Request) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []  # nothing is invalid there: its parameters take any text
    return found


class Filler:
    """Puts ids of existing things into requests, part of the time, but never those that the administrator needs."""

    def __init__(self, known: KnownThings, chance: random.Random) -> None:
        self._known = known
        self._chance = chance
        self._path = ""
        self._pools: dict[str, list[object]] = {}

    def begin(self, path: str) -> None:
        """Prepare for the requests of one operation."""
        self._path = path
        self._pools.clear()

    def fill(self, case: Request) -> None:
        """Change a request in place; its invalid parts stay as they are."""
        right = {one for one in ParameterLocation if _is_right(case, one)}
        case.freeze_metadata()
        if ParameterLocation.PATH in right:
            for name in case.path_parameters:
                if self._is_likely(0.85):
                    case.path_parameters[name] = self._thing(self._kind(name))
        if ParameterLocation.QUERY in right:
            self._replace(case.query)
        if ParameterLocation.HEADER in right:
            self._replace(case.headers)
        if ParameterLocation.BODY in right:
            self._fill_body(case)
        body: Any = case.body
        if isinstance(body, dict) and isinstance(body.get("url"), str):
            body["url"] = _ELSEWHERE.sub(_NOWHERE, body["url"])  # a name that never resolves
        self._protect(case)

    def _fill_body(self, case: Request) -> None:
        if self._path == "/api/v1/apps" and case.method == "POST" and self._is_likely(0.5):
            case.body = BUNDLE
        if not isinstance(case.body, dict):
            return
        body: dict[str, Any] = case.body
        self._replace(body)
        if self._path == "/api/v1/session" and self._is_likely(0.5):
            body.update(self._known.login)
        if isinstance(body.get("values"), dict):
            body["values"] = dict(self._field(name, value) for name, value in body["values"].items())

    def _is_likely(self, share: float) -> bool:
        return self._chance.random() < share

    def _kind(self, name: str) -> str:
        at = (kind for (part, parameter), kind in KINDS_AT.items() if parameter == name and part in self._path)
        return next(at, name)

    def _thing(self, kind: str) -> object:
        pool = self._pools.setdefault(kind, [])
        if not pool or self._is_likely(FRESH):
            pool.append(self._known.make(kind))
            return pool[-1]
        return self._chance.choice(pool)

    def _replace(self, container: Any) -> None:
        for name in list(container):
            if self._is_likely(0.25):
                continue
            if name in KINDS and container[name] is not None:
                things = [self._thing(KINDS[name])] if self._is_likely(0.5) else []
                is_list = isinstance(container[name], list)
                container[name] = things if is_list else self._thing(KINDS[name])
            elif name in USED_ONCE:
                del container[name]
            elif words := WORDS_AT.get((self._path, name), WORDS.get(name)):
                container[name] = self._chance.choice(words)

    def _field(self, name: str, value: object) -> tuple[str, object]:
        """Return a value of one of the app's fields in place of an arbitrary one."""
        if self._is_likely(0.6):
            known = self._chance.choice(list(VALUES))
            return known, VALUES[known]
        return (self._chance.choice(FIELD_IDS), value) if self._is_likely(0.5) else (name, value)

    def _protect(self, case: Request) -> None:
        """Point changes of the administrator's own user, groups and credentials at others."""
        if case.method in ("GET", "HEAD", "OPTIONS"):
            return
        own = {
            "user": {self._known.own_user},
            "group": self._known.own_groups,
            "credential": self._known.own_credentials,
        }
        containers: tuple[Any, ...] = (case.path_parameters, case.body)
        for container in containers:
            for name, numbers in own.items():
                if isinstance(container, dict) and _number(container.get(name)) in numbers:
                    container[name] = self._thing(name)


def _is_right(case: Request, location: ParameterLocation) -> bool:
    component = case.meta.components.get(location) if case.meta is not None else None
    return component is None or component.mode.is_positive


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return int(value) if isinstance(value, float) and value.is_integer() else None


def send(case: Request, session: requests.Session, url: str, token: str, tally: Tally) -> None:
    """Send a request and record the rules that its answer breaks."""
    headers = {"Authorization": f"Bearer {token}"}
    label = case.operation.label
    try:
        response = case.call(base_url=url, session=session, headers=headers, timeout=TIMEOUT_S)
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        return  # no client can send it
    except requests.RequestException as error:
        tally.note(label, "No answer", f"{case.as_curl_command()}\n{type(error).__name__}: {error}")
        return
    tally.count(label, response.status_code)
    if response.status_code >= requests.codes.server_error and response.status_code not in UNAVAILABLE:
        tally.note(label, SERVER_ERROR, _shown(case, response, headers))
        return
    checks = [*CHECKS, negative_data_rejection] if _has_to_be_refused(case) else list(CHECKS)
    try:
        case.validate_response(response, checks=checks, headers=headers)
    except FailureGroup as group:
        for failure in group.exceptions:
            title, message = getattr(failure, "title", type(failure).__name__), getattr(failure, "message", "")
            tally.note(label, title, f"{_shown(case, response, headers)}\n{message}")


def _has_to_be_refused(case: Request) -> bool:
    """Return whether a request is invalid beyond its headers (unused ones do not count), of JSON only."""
    wrong = {one for one in (case.meta.components if case.meta else ()) if not _is_right(case, one)}
    is_json = all(body.media_type == "application/json" for body in case.operation.body)
    return is_json and bool(wrong - {ParameterLocation.HEADER})


def _shown(case: Request, response: schemathesis.Response, headers: dict[str, str]) -> str:
    body = response.content[:600].decode("utf-8", "replace")
    return f"{case.as_curl_command(headers=headers)}\n{response.status_code} {body}"


def load(path: str) -> Any:
    """Load the description, without generating unknown methods and credentials."""
    configuration = schemathesis.Config.from_dict(
        {
            "checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}},
            "generation": {"with-security-parameters": False},
            "phases": {"coverage": {"unexpected-methods": []}},
        }
    )
    return schemathesis.openapi.from_path(path, config=configuration)


@schemathesis.serializer("application/offset+octet-stream", "application/zip", "application/x-zip-compressed")
def _unchanged(_context: schemathesis.SerializationContext, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
