"""The shared parts of the commands of `satchel admin`: the open server, the account, and the exit codes of errors.

Each command is an asynchronous function of a context and its command-line options. It imports its actions
itself, since only these commands need the server's parts.
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Concatenate

import typer

from satchel.cli import output
from satchel.cli.serve import DataDirectory
from satchel.model.actor import Actor, system
from satchel.model.ids import AccountId, UserId

if TYPE_CHECKING:
    from satchel.actions.context import Context

AccountName = Annotated[
    str | None, typer.Option("--account", help="The account; required if the server has several.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class AdminContext:
    """An open server and the system as an actor of one account."""

    context: "Context"
    actor: Actor


@dataclass(frozen=True, slots=True)
class UserSession(AdminContext):
    """The same, and the user of the account whom a command is about.

    Attributes:
        email: without the account.
        user_id: their number.
    """

    email: str
    user_id: UserId


@asynccontextmanager
async def open_server(*, data: DataDirectory = None) -> AsyncGenerator["Context"]:
    """Open the server's parts."""
    async with _open(data, "USE") as context:
        yield context


@asynccontextmanager
async def open_new_server(*, data: DataDirectory = None) -> AsyncGenerator["Context"]:
    """Open the server's parts, and create them where there are none."""
    async with _open(data, "CREATE") as context:
        yield context


@asynccontextmanager
async def open_accepting_files(*, data: DataDirectory = None) -> AsyncGenerator["Context"]:
    """Open the server's parts, and record that these files are the database's."""
    async with _open(data, "ACCEPT_FILES") as context:
        yield context


@asynccontextmanager
async def open_accepting_key(*, data: DataDirectory = None) -> AsyncGenerator["Context"]:
    """Open the server's parts, and record that this key is the database's."""
    async with _open(data, "ACCEPT_KEY") as context:
        yield context


@asynccontextmanager
async def _open(data: DataDirectory, opening: str) -> AsyncGenerator["Context"]:
    from satchel import main as server  # noqa: PLC0415  # only the commands that serve need the server's parts

    settings = output.settings(data_directory=data)
    server.set_up_logs(settings)
    async with server.open_context(settings, server.Opening[opening]) as context:
        yield context


@asynccontextmanager
async def open_session(*, account: AccountName = None, data: DataDirectory = None) -> AsyncGenerator[AdminContext]:
    """Open the server's parts, as the system in one account."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    async with open_server(data=data) as context:
        found = await accounts.find_account(context, account)
        yield AdminContext(context, system(AccountId(found.id)))


@asynccontextmanager
async def open_user_session(
    login: Annotated[str, typer.Argument(metavar="EMAIL", help="An e-mail, or account/e-mail.")],
    *,
    account: AccountName = None,
    data: DataDirectory = None,
) -> AsyncGenerator[UserSession]:
    """Open the server's parts, as the system in the account of one user."""
    from satchel.actions.identity import accounts  # noqa: PLC0415  # as above

    async with open_server(data=data) as context:
        if account is None:
            found, email = await accounts.find_login(context, login)
        else:
            found, email = await accounts.find_account(context, account), login
        actor = system(AccountId(found.id))
        user = await accounts.user_by_email(context, actor, email)
        yield UserSession(context, actor, email, user.id)


def on_server(work: Callable[Concatenate["Context", ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command of a function of an open server; adds the option `--data`."""
    return _command(open_server, work)


def on_new_server(work: Callable[Concatenate["Context", ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command as `on_server` does, which creates a server where there is none."""
    return _command(open_new_server, work)


def accepting_files(work: Callable[Concatenate["Context", ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command as `on_server` does, which records that the folder's files are the database's."""
    return _command(open_accepting_files, work)


def accepting_key(work: Callable[Concatenate["Context", ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command as `on_server` does, which records that the key is the database's."""
    return _command(open_accepting_key, work)


def in_account(work: Callable[Concatenate[AdminContext, ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command of a function of one account; adds the options `--account` and `--data`."""
    return _command(open_session, work)


def about_user(work: Callable[Concatenate[UserSession, ...], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a command of what is done to one user; it has the argument EMAIL before its own, and the same options."""
    return _command(open_user_session, work)


def _command(
    opening: Callable[..., AbstractAsyncContextManager[object]], work: Callable[..., Coroutine[Any, Any, None]]
) -> Callable[..., None]:
    shared = inspect.signature(opening).parameters
    own = list(inspect.signature(work).parameters.values())[1:]

    @wraps(work)
    def command(**given: object) -> None:
        async def opened() -> None:
            async with opening(**{name: given.pop(name) for name in shared}) as session:
                await work(session, **given)

        output.run(opened())

    # Typer reads these: the function's own options, without the context, and the added options.
    parameters = [
        *(one for one in shared.values() if one.kind is not inspect.Parameter.KEYWORD_ONLY),
        *own,
        *(one for one in shared.values() if one.kind is inspect.Parameter.KEYWORD_ONLY),
    ]
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command
