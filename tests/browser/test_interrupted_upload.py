"""A large upload, by a person's browser, through everything that may interrupt it: `make soak`."""

import asyncio
import hashlib
import os
import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, expect

from browser.visiting import Visits
from serving import Served

SIZE = 300 * 2**20
PIECE = 2**20

RATE = 25_000_000
"""Bytes a second that the browser sends: so that something is always under way when it is interrupted."""

SILENCE_S = 20
"""For longer than the application waits for a connection on which nothing moves."""

PATIENCE_MS = 240_000


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file that the browser does not keep over a reload."""
    path = tmp_path / "film.bin"
    with path.open("wb") as file:
        for _ in range(SIZE // PIECE):
            file.write(os.urandom(PIECE))
    return path


async def _until(page: Page, share: float) -> None:
    """Wait until so much of the file has been sent."""
    bar = page.locator(".item progress")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            done, most = await bar.evaluate("bar => [bar.value, bar.max]")
            if done >= share * most:
                return
            await page.wait_for_timeout(50)


@pytest.mark.soak
async def test_300_mib_survive_a_reload_a_restart_of_the_server_and_a_connection_that_hangs(
    visit: Visits, served: Served, film: Path
) -> None:
    visit.watch.expect(r"net::ERR_|HEAD /api/v1/uploads/\d+/tus 409")  # 409: the old connection is not given up yet
    page = await visit("/start/COL", who="technician")
    page.on("dialog", lambda dialog: dialog.accept())
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH" and request.url.endswith("/tus"):
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    protocol = await page.context.new_cdp_session(page)
    await protocol.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": RATE}
    await protocol.send("Network.emulateNetworkConditions", slow)
    await page.get_by_label("Subject").fill("The film")
    await page.locator(".drop input[type=file]").first.set_input_files(film)

    await _until(page, 0.15)
    await page.reload()
    await page.locator(".item input[type=file]").set_input_files(film)

    await _until(page, 0.4)
    await asyncio.to_thread(served.stop)
    await asyncio.to_thread(served.start)

    await _until(page, 0.7)
    assert served.process is not None
    served.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(SILENCE_S)  # nothing answers, and no connection ends
    served.process.send_signal(signal.SIGCONT)

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert offsets == sorted(offsets)
    assert offsets.count(0) == 1
    await page.locator("form").get_by_role("button", name="Start").click()
    await expect(page.get_by_role("heading", name=re.compile("has started"))).to_be_visible()
    assert await _digests(visit) == [hashlib.sha256(film.read_bytes()).hexdigest()]


async def _digests(visit: Visits) -> list[str]:
    """Return the digests of the files of the only instance."""
    door, headers = visit.office.door, visit.office.as_program("technician")
    (instance,) = (await door.get("/api/v1/instances?app=COL", headers=headers)).json()["items"]
    files = (await door.get(f"/api/v1/instances/{instance['id']}/files", headers=headers)).json()["items"]
    return [file["sha256"] for file in files]
