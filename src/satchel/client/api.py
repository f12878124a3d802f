"""The client library: `Client` blocks, `AsyncClient` awaits; both have the same methods.

    from satchel.client.api import Client

    with Client("https://satchel.example", token="...") as satchel:
        for found in satchel.search({"app": "COL", "states": ["ended"]}):
            print(found.identifier, found.title)

Each method is a flow of `satchel.client.operations` or `satchel.client.transfers`, which document it.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from satchel.client import exports, operations, transfers
from satchel.client.bounds import ListGuard
from satchel.client.drivers import AsyncDriver, BlockingDriver, ServerLogin
from satchel.client.signing_in import SessionTokens, sign_in, sign_out
from satchel.client.steps import Flow, Retries
from satchel.model.api.instances import FoundInstance, FoundInstances

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_RETRIES = Retries()


def _blocking(flow: Callable[P, Flow[T]]) -> "Callable[Concatenate[Client, P], T]":
    @wraps(flow)
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.driver.run(flow(*args, **kwargs))

    return method


def _awaiting(flow: Callable[P, Flow[T]]) -> "Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]":
    @wraps(flow)
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.driver.run(flow(*args, **kwargs))

    return method


class Client:
    """A blocking client of one server, as one user; for one thread at a time.

    Args:
        url: the server's address.
        token: a bearer token or API key.
        basic: an e-mail and its API password, instead of a token.
        retries: how safe requests, and those with an Idempotency-Key, are retried.
        transport: of httpx, for tests and special networks.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        basic: tuple[str, str] | None = None,
        retries: Retries = DEFAULT_RETRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        account = ServerLogin(url=url, token=token, basic=basic)
        self.driver = BlockingDriver(account, retries=retries, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.driver.http.close()

    def sign_in(self, email: str, password: str) -> None:
        """Open a session with the user's password, as in a browser.

        Raises:
            Refused: `unauthenticated`; or `too_many_requests` after several wrong ones.
        """
        _keep(self.driver.account, self.driver.run(sign_in(email, password)))

    def sign_out(self) -> None:
        """End the session."""
        self.driver.run(sign_out())
        self.driver.account.headers.clear()

    def search(self, query: Mapping[str, object] | None = None, *, with_files: bool = False) -> Iterator[FoundInstance]:
        """Yield every instance that a query finds, a page at a time; the arguments are those of `search_page`."""
        for page in self.pages(query, with_files=with_files):
            yield from page.items

    def pages(self, query: Mapping[str, object] | None = None, *, with_files: bool = False) -> Iterator[FoundInstances]:
        """Yield the pages of a search."""
        cursor: str | None = None
        guard = ListGuard()
        while True:
            page = self.search_page(_whole_pages(query), cursor=cursor, with_files=with_files)
            yield page
            cursor = guard.following(page.next, len(page.items))
            if cursor is None:
                return

    me = _blocking(operations.me)
    apps = _blocking(operations.apps)
    app = _blocking(operations.app)
    start = _blocking(operations.start)
    instance = _blocking(operations.instance)
    progress = _blocking(operations.progress)
    search_page = _blocking(operations.search_page)
    change_values = _blocking(operations.change_values)
    comment = _blocking(operations.comment)
    cancel = _blocking(operations.cancel)
    tasks = _blocking(operations.tasks)
    claim = _blocking(operations.claim)
    complete = _blocking(operations.complete)
    files = _blocking(operations.files)
    file = _blocking(operations.file)
    attach = _blocking(operations.attach)
    add_link = _blocking(operations.add_link)
    describe = _blocking(operations.describe)
    link = _blocking(operations.link)
    saved_search = _blocking(operations.saved_search)
    read_criteria = _blocking(operations.read_criteria)
    save_search = _blocking(operations.save_search)
    begin_export = _blocking(exports.begin_export)
    export = _blocking(exports.export)
    wait_for_export = _blocking(exports.wait_for_export)
    download_export = _blocking(exports.download_export)
    upload = _blocking(transfers.upload)
    download = _blocking(transfers.download)
    read = _blocking(transfers.read)


class AsyncClient:
    """A client of one server, as one user, for asyncio; any number of tasks may use it at once.

    The arguments are those of `Client`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        basic: tuple[str, str] | None = None,
        retries: Retries = DEFAULT_RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        account = ServerLogin(url=url, token=token, basic=basic)
        self.driver = AsyncDriver(account, retries=retries, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self.driver.close()

    async def sign_in(self, email: str, password: str) -> None:
        """Open a session with the user's password, as in a browser.

        Raises:
            Refused: `unauthenticated`; or `too_many_requests` after several wrong ones.
        """
        _keep(self.driver.account, await self.driver.run(sign_in(email, password)))

    async def sign_out(self) -> None:
        """End the session."""
        await self.driver.run(sign_out())
        self.driver.account.headers.clear()

    async def search(
        self, query: Mapping[str, object] | None = None, *, with_files: bool = False
    ) -> AsyncIterator[FoundInstance]:
        """Yield every instance that a query finds, a page at a time; the arguments are those of `search_page`."""
        async for page in self.pages(query, with_files=with_files):
            for found in page.items:
                yield found

    async def pages(
        self, query: Mapping[str, object] | None = None, *, with_files: bool = False
    ) -> AsyncIterator[FoundInstances]:
        """Yield the pages of a search."""
        cursor: str | None = None
        guard = ListGuard()
        while True:
            page = await self.search_page(_whole_pages(query), cursor=cursor, with_files=with_files)
            yield page
            cursor = guard.following(page.next, len(page.items))
            if cursor is None:
                return

    me = _awaiting(operations.me)
    apps = _awaiting(operations.apps)
    app = _awaiting(operations.app)
    start = _awaiting(operations.start)
    instance = _awaiting(operations.instance)
    progress = _awaiting(operations.progress)
    search_page = _awaiting(operations.search_page)
    change_values = _awaiting(operations.change_values)
    comment = _awaiting(operations.comment)
    cancel = _awaiting(operations.cancel)
    tasks = _awaiting(operations.tasks)
    claim = _awaiting(operations.claim)
    complete = _awaiting(operations.complete)
    files = _awaiting(operations.files)
    file = _awaiting(operations.file)
    attach = _awaiting(operations.attach)
    add_link = _awaiting(operations.add_link)
    describe = _awaiting(operations.describe)
    link = _awaiting(operations.link)
    saved_search = _awaiting(operations.saved_search)
    read_criteria = _awaiting(operations.read_criteria)
    save_search = _awaiting(operations.save_search)
    begin_export = _awaiting(exports.begin_export)
    export = _awaiting(exports.export)
    wait_for_export = _awaiting(exports.wait_for_export)
    download_export = _awaiting(exports.download_export)
    upload = _awaiting(transfers.upload)
    download = _awaiting(transfers.download)
    read = _awaiting(transfers.read)


def _keep(account: ServerLogin, signed: SessionTokens) -> None:
    account.headers = {"Cookie": signed.cookie, "X-CSRF-Token": signed.csrf_token}


def _whole_pages(query: Mapping[str, object] | None) -> Mapping[str, object]:
    return {"limit": operations.PAGE, **(query or {})}
