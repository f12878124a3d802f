"""The application that answers HTTP: every surface's paths, and the few that belong to none.

Litestar routes; behind each path stands a `Dispatch` of the surface that owns it. What no path matches is answered in
the envelope of the surface whose prefix it has.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Method

from satchel.actions import health
from satchel.actions.context import Context
from satchel.model.errors import MethodNotAllowed, NotFound, SatchelError
from satchel.surfaces.kit import problems
from satchel.surfaces.kit.bodies import Pace
from satchel.surfaces.kit.dispatch import Asgi, Dispatch, new_request_id
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Parts, Reply, endpoint, json_reply
from satchel.surfaces.kit.metrics import Metrics
from satchel.surfaces.kit.passwords import KnownPasswords
from satchel.surfaces.native import routes as native

PACE_WINDOW_S = 30.0


class Limits(Protocol):
    """What the application needs of the settings."""

    @property
    def max_json_bytes(self) -> int:
        """Largest JSON body."""
        ...

    @property
    def min_body_rate_bytes_s(self) -> int:
        """Slowest body that is waited for."""
        ...

    @property
    def x_accel_prefix(self) -> str | None:
        """The proxy's internal location of the store."""
        ...


def create_app(context: Context, limits: Limits) -> Asgi:
    """Return the application."""
    parts = Parts(
        context=context,
        max_json_bytes=limits.max_json_bytes,
        pace=Pace(min_bytes=int(limits.min_body_rate_bytes_s * PACE_WINDOW_S), window_s=PACE_WINDOW_S),
        x_accel_prefix=limits.x_accel_prefix,
        known_passwords=KnownPasswords(context.entropy(32), time.monotonic),
    )
    metrics = Metrics()
    handlers = [
        _route(path, Dispatch(parts, found, document=problems.problem, internal=_internal, metrics=metrics))
        for path, found in by_path([*native.ENDPOINTS, *_own(parts, metrics)]).items()
    ]

    def refused(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        request_id = new_request_id(parts)
        known: SatchelError = NotFound("address", request.scope["path"][:200])
        if isinstance(error, MethodNotAllowedException):
            known = MethodNotAllowed(request.method, METHODS)
        status, headers, body = problems.problem(known, request_id)
        return Response(
            body, status_code=status, headers={**headers, "X-Request-Id": request_id}, media_type=problems.MEDIA_TYPE
        )

    return Litestar(  # type: ignore[return-value]  # Litestar's own names for ASGI's types
        route_handlers=handlers,
        openapi_config=None,
        exception_handlers={HTTPException: refused},
        logging_config=None,
        debug=False,
    )


def by_path(endpoints: Sequence[Endpoint]) -> Mapping[str, Mapping[str, Endpoint]]:
    """Return endpoints by path and method."""
    found: dict[str, dict[str, Endpoint]] = {}
    for one in endpoints:
        found.setdefault(one.path, {})[one.method] = one
    return found


METHODS: tuple[Method, ...] = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""Every method gets as far as the path's `Dispatch`, which knows those that are possible there."""


def _route(path: str, dispatch: Dispatch) -> HTTPRouteHandler:
    """Return a route that hands the raw request on: Litestar calls what a handler returns if it is an application.

    Its own `asgi` routes would do, but those of 2.25 find no path parameters beside a route one level up.
    """

    async def answer() -> ASGIApp:
        return dispatch  # type: ignore[return-value]  # Litestar's own names for ASGI's types

    return HTTPRouteHandler(path.replace("}", ":str}"), http_method=METHODS)(answer)


def _internal(request_id: str) -> tuple[int, dict[str, str], bytes]:
    detail = "Something went wrong in the server, and its log says what. Nothing of this request was kept."
    body = problems.document(500, problems.INTERNAL, detail, request_id)
    return 500, {"Content-Type": problems.MEDIA_TYPE}, body


def _own(parts: Parts, metrics: Metrics) -> tuple[Endpoint, ...]:
    """Return the endpoints of no surface: probes, counts, the API's description."""
    described = msgspec.json.encode(native.openapi(parts.public_url))

    async def alive(exchange: Exchange) -> Reply:
        """Say that the process runs."""
        del exchange
        return json_reply({"status": "ok"})

    async def ready(exchange: Exchange) -> Reply:
        """Say that the database and the store can be used."""
        await health.check(exchange.context)
        return json_reply({"status": "ok"})

    async def counts(exchange: Exchange) -> Reply:
        """Return counts for Prometheus."""
        totals = await health.totals(exchange.context)
        gauges = {name: getattr(totals, name) for name in totals.__dataclass_fields__}
        free = await health.free_bytes(exchange.context)
        text = metrics.text({**gauges, **({} if free is None else {"free_bytes": free})})
        return Reply(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def description(exchange: Exchange) -> Reply:
        """Return the native API's description."""
        del exchange
        return Reply(body=described, headers={"Content-Type": "application/json"})

    return (
        endpoint("GET", "/healthz", alive, is_open=True),
        endpoint("GET", "/readyz", ready, is_open=True),
        endpoint("GET", "/metrics", counts, is_open=True),
        endpoint("GET", "/api/openapi.json", description, is_open=True),
    )
