"""Uploads: what is refused at once, what interrupts them, and what a form has of them in the end."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Dialog, FilePayload, Page, Request, expect

from browser.axe import axe
from browser.pieces import Patches
from browser.visiting import Scheme, Visits, every_look, sign_in_on_page
from browser.watching import Watch
from satchel.cli.demo.samples import SAMPLES

CHUNK = 8 * 2**20
"""How much the application sends at first; later pieces are larger where the network is fast."""

SIZE = CHUNK + 2 * 2**20
"""Of a file of two pieces."""

TOO_LARGE_TO_KEEP = 52 * 2**20
"""A file that the browser does not keep over a reload."""

LARGE_MS = 60_000
"""How long a large file may take."""

SILENCE_MS = 16_000
"""After this the application gives a connection up."""


def _photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": SAMPLES["site-photo.jpg"]()}


def _bytes(size: int) -> bytes:
    return (b"nothing in this file repeats in step with its pieces" * (size // 50))[:size]


async def _collection(visit: Visits, **look: Any) -> Page:  # width and scheme
    """Open the start form that takes files of any kind, with its subject."""
    page = await visit("/start/COL", who="technician", **look)
    await page.get_by_label("Subject").fill("Site photos")
    return page


async def _choose(page: Page, *files: Path) -> None:
    await page.locator(".drop input[type=file]").first.set_input_files(files)


async def _start(page: Page) -> None:
    await page.locator("form").get_by_role("button", name="Start").click()


async def _files_of_started(page: Page) -> list[tuple[str, str]]:
    """Return the names and digests of the files of the instance that was just started."""
    link = page.locator(".done a.link").first
    await expect(link).to_be_visible()
    address = str(await link.get_attribute("href"))
    found = await page.evaluate(
        """async identifier => {
          const read = async path => (await fetch(`/api/v1/instances/${path}`)).json();
          const { id } = await read(identifier);
          return (await read(`${id}/files`)).items.map(file => [file.name, file.sha256]);
        }""",
        address.rsplit("/", 1)[-1],
    )
    return [(name, digest) for name, digest in found]


def _asked(page: Page, method: str, path: str) -> list[Request]:
    found: list[Request] = []

    def note(request: Request) -> None:
        if request.method == method and request.url.endswith(path):
            found.append(request)

    page.on("request", note)
    return found


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A file of two pieces."""
    path = tmp_path / "scan.bin"
    path.write_bytes(_bytes(SIZE))
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that the browser does not keep."""
    path = tmp_path / "film.bin"
    path.write_bytes(_bytes(TOO_LARGE_TO_KEEP))
    return path


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A small file."""
    path = tmp_path / "notes.txt"
    path.write_text("notes", encoding="utf-8")
    return path


@every_look
async def test_what_a_field_does_not_accept_is_refused_before_a_byte_is_sent_and_stops_nothing(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    page = await visit("/start/EVA", who="buyer", width=width, scheme=scheme)
    tickets = _asked(page, "POST", "/api/v1/uploads")
    await expect(page.get_by_text(re.compile(r"^Images, up to 6\. .* left in the account\.$"))).to_be_visible()

    files: list[FilePayload] = [
        _photo("one.jpg"),
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"},
        _photo("two.jpg"),
        {"name": "empty.jpg", "mimeType": "image/jpeg", "buffer": b""},
        *[_photo(f"more{number}.jpg") for number in range(5)],
    ]
    await page.locator(".drop:has(#photos-choose) input[type=file]").first.set_input_files(files)

    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(6)
    rows = page.locator(".item")
    await expect(rows.filter(has_text="notes.txt")).to_contain_text("Not sent: the field accepts Images.")
    await expect(rows.filter(has_text="empty.jpg")).to_contain_text("Not sent: the file is empty.")
    await expect(rows.filter(has_text="more4.jpg")).to_contain_text("Not sent: the field holds at most 6 files.")
    await expect(page.get_by_text(re.compile("6 of 6 used"))).to_be_visible()
    assert len(tickets) == 6
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width


async def test_what_the_server_refuses_says_why_and_leaves_no_ticket(visit: Visits, watch: Watch) -> None:
    page = await visit("/start/EVA", who="buyer")
    watch.expect(r"request: PATCH /api/v1/uploads/\d+/tus 422")
    ended = _asked(page, "DELETE", "")

    await page.locator(".drop:has(#description-choose) input[type=file]").set_input_files(
        {"name": "catalog.pdf", "mimeType": "application/pdf", "buffer": b"this is text, whatever its name\n"}
    )

    await expect(page.get_by_role("alert")).to_contain_text("catalog.pdf is text/plain by its content")
    await _until(page, lambda: len(ended) == 1)


async def test_a_connection_that_breaks_is_continued_at_the_offset_of_the_server(
    visit: Visits, watch: Watch, scan: Path
) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=CHUNK, breaks=True).attend(page)
    watch.expect(r"request: PATCH /api/v1/uploads/\d+/tus net::ERR_CONNECTION_RESET")

    await _choose(page, scan)

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    assert pieces.offsets == [0, CHUNK, CHUNK]
    await _start(page)
    assert await _files_of_started(page) == [("scan.bin", hashlib.sha256(_bytes(SIZE)).hexdigest())]


async def test_a_connection_that_hangs_is_given_up_and_continued(visit: Visits, scan: Path) -> None:
    page = await _collection(visit)
    await page.clock.install()
    pieces = await Patches(stop_at=CHUNK).attend(page)

    await _choose(page, scan)
    await _until(page, lambda: pieces.offsets == [0, CHUNK])
    await page.clock.fast_forward(SILENCE_MS)
    await page.clock.fast_forward(1_000)

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    assert pieces.offsets == [0, CHUNK, CHUNK]


async def test_without_a_network_the_page_says_so_and_continues_when_it_is_back(
    visit: Visits, watch: Watch, scan: Path
) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=CHUNK).attend(page)
    watch.expect("/tus net::ERR_INTERNET_DISCONNECTED")
    await _choose(page, scan)
    await _until(page, lambda: len(pieces.offsets) == 2)

    await page.context.set_offline(offline=True)
    await pieces.go_on()
    await expect(page.get_by_text(re.compile(r"The connection broke at \d+ %"))).to_be_visible()
    await expect(page.get_by_role("region", name="Uploads")).to_contain_text("1 file is only on this device yet.")
    await page.context.set_offline(offline=False)

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()


async def test_a_paused_upload_waits_and_continues(visit: Visits, scan: Path) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=CHUNK).attend(page)
    await _choose(page, scan)
    await _until(page, lambda: len(pieces.offsets) == 2)

    await page.get_by_role("button", name="Pause scan.bin").click()
    await expect(page.get_by_text("Paused at 80 %.")).to_be_visible()
    await page.get_by_role("button", name="Continue scan.bin").click()

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    assert pieces.offsets == [0, CHUNK, CHUNK]


async def test_a_form_waits_for_its_uploads_and_has_them_in_the_order_of_choice(
    visit: Visits, scan: Path, notes: Path
) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=CHUNK).attend(page)
    await _choose(page, scan, notes)
    await expect(page.locator(".item").filter(has_text="notes.txt")).to_contain_text("Uploaded")

    await _start(page)
    await expect(page.get_by_text("Starts when 1 file has arrived.")).to_be_visible()
    await pieces.go_on()

    assert [name for name, _ in await _files_of_started(page)] == ["scan.bin", "notes.txt"]


async def test_an_upload_goes_on_while_one_walks_through_the_application(visit: Visits, notes: Path) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=0).attend(page)
    await _choose(page, notes)
    await page.get_by_role("link", name="My work").first.click()

    tray = page.get_by_role("region", name="Uploads")
    await expect(tray).to_contain_text("1 file")
    await expect(tray).to_contain_text("For test: file download")
    await pieces.go_on()
    await expect(tray).to_have_count(0)
    await expect(page.get_by_text("1 of 1 file uploaded")).to_have_count(1)

    await page.go_back()
    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    await _start(page)
    assert [name for name, _ in await _files_of_started(page)] == ["notes.txt"]


async def test_a_reload_continues_what_the_browser_kept_and_asks_before(visit: Visits, scan: Path) -> None:
    page = await _collection(visit)
    asked: list[str] = []

    async def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", accept)
    pieces = await Patches(stop_at=CHUNK).attend(page)
    await _choose(page, scan)
    await _until(page, lambda: len(pieces.offsets) == 2)

    await page.reload()

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    assert asked == ["beforeunload"]
    assert pieces.offsets == [0, CHUNK, CHUNK]
    await _start(page)
    assert await _files_of_started(page) == [("scan.bin", hashlib.sha256(_bytes(SIZE)).hexdigest())]


async def test_a_large_file_continues_after_a_reload_once_it_is_chosen_again(visit: Visits, large: Path) -> None:
    page = await _collection(visit)
    page.on("dialog", lambda dialog: dialog.accept())
    pieces = await Patches(stop_at=CHUNK).attend(page)
    await _choose(page, large)
    await _until(page, lambda: len(pieces.offsets) == 2)

    await page.reload()
    await expect(page.get_by_text("Choose the same file again and it continues where it stopped.")).to_be_visible()
    again = page.locator(".item input[type=file]")
    await again.set_input_files({"name": "other.bin", "mimeType": "", "buffer": b"another file"})
    await expect(page.get_by_text("This is another file.")).to_be_visible()
    await again.set_input_files(large)

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible(timeout=LARGE_MS)
    assert pieces.offsets[:3] == [0, CHUNK, CHUNK]


async def test_a_session_that_ends_during_an_upload_is_opened_again_and_the_upload_continues(
    visit: Visits, watch: Watch, scan: Path
) -> None:
    page = await _collection(visit)
    pieces = await Patches(stop_at=CHUNK).attend(page)
    watch.expect(r"request: PATCH /api/v1/uploads/\d+/tus 401")
    await _choose(page, scan)
    await _until(page, lambda: len(pieces.offsets) == 2)

    await page.context.clear_cookies()
    await pieces.go_on()
    await expect(page.get_by_role("dialog", name="Sign in to continue")).to_be_visible()
    await sign_in_on_page(page, visit.office.logins["technician"])

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    assert pieces.offsets == [0, CHUNK, CHUNK]
    await expect(page.get_by_label("Subject")).to_have_value("Site photos")


async def test_what_is_taken_out_is_gone_from_the_form_and_the_server(visit: Visits, notes: Path) -> None:
    page = await _collection(visit)
    two = notes.with_name("two.txt")
    two.write_text("two", encoding="utf-8")
    await _choose(page, notes, two)
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(2)

    async with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        await page.get_by_role("button", name="Remove notes.txt").click()

    await expect(page.get_by_role("button", name="Remove two.txt")).to_be_focused()
    left = await page.evaluate("async () => (await (await fetch('/api/v1/uploads')).json()).items.map(u => u.name)")
    assert left == ["two.txt"]
    await _start(page)
    assert [name for name, _ in await _files_of_started(page)] == ["two.txt"]


async def test_signing_out_leaves_nothing_of_a_persons_uploads_on_the_device(visit: Visits, notes: Path) -> None:
    page = await _collection(visit)
    await Patches(stop_at=0).attend(page)
    await _choose(page, notes)
    await _until_kept(page, ["notes.txt"])

    await page.get_by_role("button", name="Sign out").first.click()

    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await _until_kept(page, [])
    assert await page.evaluate("() => Object.keys(localStorage)") == []


_KEPT = """async () => {
  const open = indexedDB.open("satchel");
  const database = await new Promise((done) => { open.onsuccess = () => done(open.result); });
  const names = database.objectStoreNames;
  if (!names.contains("uploads")) { database.close(); return null; }
  const all = database.transaction("uploads").objectStore("uploads").getAll();
  const found = await new Promise((done) => { all.onsuccess = () => done(all.result); });
  database.close();
  return found.map((one) => one.name);
}"""


async def _until_kept(page: Page, names: list[str]) -> None:
    """Wait until the browser remembers these uploads and no others."""
    for _ in range(200):
        if await page.evaluate(_KEPT) == names:
            return
        await page.wait_for_timeout(20)  # the browser works in its own time
    raise AssertionError(f"the browser keeps {await page.evaluate(_KEPT)}, not {names}")


async def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something is seen of the page's requests."""
    for _ in range(500):
        if holds():
            return
        await page.wait_for_timeout(20)  # the browser works in its own time
    raise AssertionError("it did not come true in time")
