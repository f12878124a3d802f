"""What every test may ask for: a database of its own, a clock, chance."""

import asyncio
from collections.abc import Generator, Iterator
from contextlib import ExitStack

import pytest
from psycopg.conninfo import conninfo_to_dict

import leaks
from clock import ManualClock, SeededEntropy
from database import Postgres, postgres_for_run

_STACK = pytest.StashKey[ExitStack]()
_POSTGRES = pytest.StashKey[Postgres]()


def _server(config: pytest.Config) -> Postgres:
    """Return this run's server, started on the first call."""
    if _POSTGRES not in config.stash:
        stack = config.stash[_STACK] = ExitStack()
        config.stash[_POSTGRES] = stack.enter_context(postgres_for_run())
    return config.stash[_POSTGRES]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell each xdist worker where the server is that the controlling process runs."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist's WorkerController is untyped
    server = _server(config)
    node.workerinput["postgres"] = (server.dsn, server.template)  # type: ignore[attr-defined]  # same


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, also when the run was interrupted."""
    if stack := config.stash.get(_STACK, None):
        stack.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test during which a secret was logged."""
    report = yield
    if call.when == "teardown":
        told = {title for title, text in report.sections if leaks.leaks(text)}
        if told and report.passed:
            report.outcome, report.longrepr = "failed", f"a secret stands in {', '.join(sorted(told))}"
        leaks.forget()
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """The server of this run, for tests that need more than one database."""
    given = getattr(request.config, "workerinput", {}).get("postgres")
    server = Postgres(dsn=given[0], template=given[1]) if given else _server(request.config)
    yield server
    server.drop()


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The DSN of an empty, migrated database of this test's own."""
    with postgres.clone() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def populated(postgres: Postgres) -> Iterator[Postgres]:
    """The server with a template that has the accounts, people and groups of `world` in it."""
    from world import populate  # noqa: PLC0415  # all of the actions, only where they are tested

    with postgres.clone() as dsn:
        asyncio.run(populate(dsn))
        server = Postgres(dsn=postgres.dsn, template=str(conninfo_to_dict(dsn)["dbname"]))
        yield server
        server.drop()


@pytest.fixture
def populated_database(populated: Postgres) -> Iterator[str]:
    """The DSN of a database of this test's own with the accounts, people and groups of `world` in it."""
    with populated.clone() as dsn:
        yield dsn


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy()
