"""The browser tests' ground: one browser and one server a worker, an account and fresh contexts a test.

Async fixtures of the session keep one event loop for all of a worker's tests, which Playwright needs.
"""

import itertools
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import replace

import httpx
import pytest
from playwright.async_api import Browser, async_playwright, expect

from browser.chromium import ABSENT, ARGUMENTS, executable
from browser.offices import RECEIVER, Office, open_office
from browser.visiting import PATIENCE_MS, Visits
from browser.watching import Watch
from database import Postgres, url_of
from e2e.conftest import free_port
from place import new_folder
from satchel import main
from satchel.actions.context import Context
from satchel.settings import Settings, read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.ui.site import BUILT
from serving import Served
from world import CHEAP

_NUMBERS = itertools.count(1)
_HAS_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the walk leave the pictures of the documentation."""
    parser.addoption("--pictures", metavar="FOLDER", help="leave the pictures of the walk in this folder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where there is no browser."""
    if executable() is None:
        for item in items:
            if item.path.is_relative_to(__file__.removesuffix("/conftest.py")):
                item.add_marker(pytest.mark.skip(reason=ABSENT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note for the fixtures whether the test failed."""
    report = yield
    item.stash[_HAS_FAILED] = item.stash.get(_HAS_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def served(postgres: Postgres) -> Iterator[Served]:
    """The server that all tests of a worker share."""
    assert (BUILT / "index.html").is_file(), "the web application has not been built: run `make web`"
    folder = new_folder()
    with postgres.clone() as dsn:
        settings = {"SATCHEL_DATABASE_URL": url_of(dsn), "SATCHEL_OUTBOUND_ALLOW": RECEIVER}
        server = Served(folder / "data", free_port(), settings=settings)
        server.start()
        yield server
        server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def beside(served: Served) -> AsyncIterator[Context]:
    """What actions need to work beside the server, on its database and store; passwords cost nothing."""
    async with main.open_context(_settings(served), main.Opening.SERVE) as context:
        yield replace(context, passwords=CHEAP)


@pytest.fixture(scope="session")
async def door(served: Served, beside: Context) -> AsyncIterator[httpx.AsyncClient]:
    """The same application without a socket, for what a test does beside its pages."""
    transport = httpx.ASGITransport(app=create_app(beside, _settings(served)))
    async with httpx.AsyncClient(transport=transport, base_url=served.url) as client:
        yield client


def _settings(served: Served) -> Settings:
    return read_settings({**served.settings, "SATCHEL_PORT": str(served.port)})


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this worker."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS])
        yield chromium
        await chromium.close()


@pytest.fixture
async def office(beside: Context, door: httpx.AsyncClient) -> Office:
    """An account of this test's own, with the demo's people and apps."""
    return await open_office(beside, door, f"office{next(_NUMBERS)}")


@pytest.fixture
def watch(served: Served) -> Watch:
    """The faults that this test's pages report; it fails on each that it has not announced."""
    return Watch(served.url)


@pytest.fixture
async def visit(
    browser: Browser, served: Served, office: Office, watch: Watch, request: pytest.FixtureRequest
) -> AsyncIterator[Visits]:
    """Opens the application as somebody; checks at the end what the pages reported."""
    visits = Visits(browser=browser, url=served.url, office=office, watch=watch)
    yield visits
    if watch.unexpected or request.node.stash.get(_HAS_FAILED, False):
        await visits.photograph(request.node.name, print)
    await visits.close()
    watch.check()
