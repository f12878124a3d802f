"""Every answer to a generated request is as the API's description says."""

import random
from pathlib import Path

import pytest
import requests

from e2e.conftest import DemoServer, free_port
from e2e.generated_requests import Filler, Tally, cases, load, send
from e2e.known_things import KnownThings
from house.api_page import DESCRIPTION

FEWEST_REQUESTS = 3000
ARBITRARY = 12
AT_BOUNDARIES = 30
"""The most requests of each kind for one operation."""

ACCEPTED: dict[tuple[str, str], str] = {
    ("GET /api/v1/instances", "Schema-violating request accepted"): "an empty parameter counts as left out",
}
"""What the description cannot express: the reason, by operation and broken rule."""


@pytest.mark.soak
def test_every_answer_to_a_generated_request_is_described(quick_folder: Path, pytestconfig: pytest.Config) -> None:
    """No operation is left out: those that would end the administrator's own rights are sent for others (`Filler`)."""
    start = random.randrange(2**32)  # noqa: S311  # the seed is printed
    server = DemoServer(quick_folder / "data", free_port())
    server.start()
    tally = Tally()
    try:
        _send_all(server, start, tally)
    finally:
        server.stop()
        terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(f"\nseed {start}: {tally.summary()}")
    faults = {key: shown for key, shown in tally.faults.items() if key not in ACCEPTED}
    assert not faults, "\n\n".join(f"{label}: {rule}\n" + "\n".join(shown) for (label, rule), shown in faults.items())
    assert tally.statuses.total() >= FEWEST_REQUESTS


def _send_all(server: DemoServer, start: int, tally: Tally) -> None:
    schema = load(str(DESCRIPTION))
    token = server.token("admin")
    with server.client("admin") as client, requests.Session() as session:
        known = KnownThings(client)
        filler = Filler(known, random.Random(start))  # noqa: S311  # the seed is printed
        for result in schema.get_all_operations():
            operation = result.ok()
            filler.begin(operation.path)
            for case in cases(schema, operation, number=ARBITRARY, boundaries=AT_BOUNDARIES, start=start):
                filler.fill(case)
                send(case, session, server.url, token, tally)
            known.restore()
