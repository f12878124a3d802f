"""The application that answers HTTP: every surface's paths, and the few that belong to none.

Litestar routes; behind each path stands a `Dispatch` of the surface that owns it. What no path matches is answered in
the envelope of the surface whose prefix it has. Where there is none, browsers get the web application, and everybody
else what the native API answers.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol, cast

import msgspec
from litestar import Litestar, Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Scope

from satchel import __version__
from satchel.actions.context import Context
from satchel.model.metrics import Metrics
from satchel.surfaces import probes
from satchel.surfaces.alloy import routes as alloy
from satchel.surfaces.flokzu import routes as flokzu
from satchel.surfaces.kit.bodies import Receive
from satchel.surfaces.kit.cors import with_origins
from satchel.surfaces.kit.dispatch import METHODS, Asgi, Dispatch
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, Send
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.native import routes as native
from satchel.surfaces.native.description.document import openapi
from satchel.surfaces.navixy import routes as navixy
from satchel.surfaces.probes import Collect, parts_of
from satchel.surfaces.questetra import routes as questetra
from satchel.surfaces.ui.pages import Pages
from satchel.surfaces.ui.site import Site, read_site

_OWNER = "satchel.owner"
"""Where a request's scope says which application it came to."""


class Limits(probes.Limits, Protocol):
    """What the application needs of the settings."""

    @property
    def cors_origins(self) -> Sequence[str]:
        """Origins whose pages may call the native API."""
        ...


SURFACES = (native.SURFACE, alloy.SURFACE, flokzu.SURFACE, navixy.SURFACE, questetra.SURFACE)
"""Those with a prefix of their own, each tried before the one that has none."""


def create_app(
    context: Context,
    limits: Limits,
    surfaces: Sequence[Surface] = SURFACES,
    site: Site | None = None,
    *,
    metrics: Metrics | None = None,
    collect: Collect | None = None,
) -> Asgi:
    """Return the application that answers for these surfaces, and for the addresses of none.

    Args:
        context: for the actions.
        limits: from the settings.
        surfaces: those with a prefix.
        site: the web application; None stands for the one that was built into this package.
        metrics: of the process; None stands for those of this application alone.
        collect: asks all processes of the server for theirs; None where this is the only one.
    """
    parts = parts_of(context, limits)
    metrics = metrics or Metrics(__version__)
    rest = replace(native.SURFACE, prefix="", endpoints=_own(context, metrics, limits.metrics_token, collect))
    surfaces = [*surfaces, rest]
    dispatches = {
        path: Dispatch(parts, surface, found, metrics=metrics)
        for surface in surfaces
        for path, found in by_path(surface.endpoints).items()
    }

    others = [(surface, Dispatch(parts, surface, {}, metrics=metrics)) for surface in surfaces]
    pages = Pages(_built() if site is None else site)
    page = Dispatch(parts, rest, {"GET": pages.endpoint}, metrics=metrics)
    own = tuple(f"{one.path}/" for one in rest.endpoints)

    def refuse(scope: HTTPScope) -> Dispatch:
        path = scope["path"]
        # `*` is no surface's: the server itself is asked (RFC 9110, 9.3.7).
        surface, found = next((one for one in others if one[0].owns(path)), others[-1])
        is_free = surface is rest and not f"{path}/".startswith(own)
        return page if is_free and pages.answers(scope["method"], path, _accept(scope)) else found

    routed = _routed(tuple(dispatches))
    owner = _Owner(dispatches, refuse)
    spelled = [one for one in surfaces if one.normal_path is not None]

    async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        scope = {**scope, _OWNER: owner}
        for surface in spelled:
            if surface.normal_path is not None and surface.owns(scope["path"]):
                scope["path"] = surface.normal_path(scope["path"])
        if _is_misread(scope):
            await refuse(cast("HTTPScope", scope))(scope, receive, send)
            return
        await routed(scope, receive, send)  # type: ignore[arg-type]  # Litestar's own names for ASGI's types

    return with_origins(application, f"{native.SURFACE.prefix}/", limits.cors_origins)


def _is_misread(scope: MutableMapping[str, Any]) -> bool:
    """Return whether the routes would take a path for another: one with an encoded or an empty segment's slash."""
    encoded = bytes(scope.get("raw_path") or b"").partition(b"?")[0].lower()
    return b"%2f" in encoded or "//" in scope["path"] or not scope["path"].startswith("/")


def by_path(endpoints: Sequence[Endpoint]) -> Mapping[str, Mapping[str, Endpoint]]:
    """Return endpoints by path and method."""
    found: dict[str, dict[str, Endpoint]] = {}
    for one in endpoints:
        found.setdefault(one.path, {})[one.method] = one
    return found


@dataclass(frozen=True, slots=True)
class _Owner:
    """What an application puts into a request's scope for the routes, which serve every application.

    Attributes:
        dispatches: by path.
        refuse: returns what answers a request where no route is.
    """

    dispatches: Mapping[str, Dispatch]
    refuse: Callable[[HTTPScope], Dispatch]


class _Handled(Response[bytes]):
    """Hands a request that Litestar has no route for to the application that answers it."""

    def __init__(self, dispatch: Dispatch) -> None:
        super().__init__(b"")
        self._dispatch = dispatch

    def to_asgi_response(self, *given: object, **named: object) -> Any:  # noqa: ANN401  # Litestar's own class, or any application
        """Return the application."""
        del given, named
        return self._dispatch


@cache
def _routed(paths: tuple[str, ...]) -> Litestar:
    """Return the routes to these paths, which hand the raw request to their application's `Dispatch`.

    They depend on the paths alone and hold nothing of an application: looking at each of them takes Litestar a tenth
    of a second, which is spent once in a process. Litestar calls what a handler returns if it is an application. Its
    own `asgi` routes would do, but those of 2.25 find no path parameters beside a route one level up.
    """

    async def answer(scope: Scope) -> ASGIApp:
        owner: _Owner = scope[_OWNER]  # type: ignore[literal-required]  # ASGI lets an application add its own
        return owner.dispatches[scope["path_template"]]  # type: ignore[return-value]  # Litestar's own names for ASGI's types

    def refused(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        del error  # which of the two, no path or no method, is for the Dispatch to say
        owner = cast("_Owner", request.scope[_OWNER])  # type: ignore[literal-required]  # as above
        return _Handled(owner.refuse(request.scope))

    spelled = [path.replace("}", ":str}") for path in paths]
    return Litestar(
        route_handlers=[HTTPRouteHandler(spelled, http_method=[HttpMethod(method) for method in METHODS])(answer)],
        openapi_config=None,
        exception_handlers={HTTPException: refused},
        logging_config=None,
        debug=False,
    )


def _accept(scope: HTTPScope) -> str:
    """Return the request's Accept headers as one."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


@cache
def _built() -> Site:
    """Return the web application of this package, read once in a process."""
    return read_site()


@cache
def _described() -> bytes:
    """Return the native API's description, made once in a process."""
    return msgspec.json.encode(openapi(native.ENDPOINTS))


def _own(
    context: Context, metrics: Metrics, metrics_token: str | None, collect: Collect | None
) -> tuple[Endpoint, ...]:
    """Return the endpoints of no surface: probes, counts, the API's description."""
    described = _described()

    async def description(exchange: Exchange) -> Reply:
        """Return the native API's description."""
        del exchange
        return Reply(body=described, headers={"Content-Type": "application/json"})

    return (
        *probes.probes(context, metrics, metrics_token, collect),
        endpoint("GET", "/api/openapi.json", description, is_open=True),
    )
