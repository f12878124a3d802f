"""What every test may ask for: a database of its own, a clock, chance."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

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


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """The server of this run, for tests that need more than one database."""
    given = getattr(request.config, "workerinput", {}).get("postgres")
    return Postgres(dsn=given[0], template=given[1]) if given else _server(request.config)


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The DSN of an empty, migrated database of this test's own."""
    with postgres.clone() as dsn:
        yield dsn


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def entropy() -> SeededEntropy:
    return SeededEntropy()
