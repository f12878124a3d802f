"""The walk of docs/tutorial/in-the-browser.md: from signing in to a link that somebody else opens.

With `--pictures FOLDER` it leaves the pictures of that page.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from browser.axe import axe
from browser.visiting import Scheme, Visits, every_look, sign_in_on_page
from satchel.cli.demo.samples import SAMPLES

Picture = Callable[[str], Awaitable[None]]
WORK_S = 30_000
"""How long the process may take to create the purchase request, in milliseconds."""


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Where to leave pictures; None unless they were asked for."""
    folder: str | None = request.config.getoption("--pictures", default=None)
    return None if folder is None else Path(folder)


def _camera(page: Page, folder: Path | None, look: str) -> Picture:
    """Return what takes a numbered picture, and checks the page for faults of accessibility meanwhile."""
    taken: list[str] = []

    async def take(name: str) -> None:
        await axe(page)
        taken.append(name)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=folder / f"{len(taken)}-{name}-{look}.png", animations="disabled")

    return take


def _files(folder: Path) -> dict[str, str]:
    """Write the sample files and return their paths."""
    found: dict[str, str] = {}
    for name in ("catalog.pdf", "site-photo.jpg"):
        path = folder / name
        path.write_bytes(SAMPLES[name]())
        found[name] = str(path)
    second = folder / "offer.pdf"
    second.write_bytes(SAMPLES["catalog.pdf"]())
    return {**found, "offer.pdf": str(second)}


@every_look
async def test_a_product_is_evaluated_and_its_purchase_request_is_there(
    visit: Visits, tmp_path: Path, pictures: Path | None, width: int, scheme: Scheme
) -> None:
    files = _files(tmp_path)
    page = await visit(width=width, scheme=scheme)
    take = _camera(page, pictures, f"{width}-{scheme}")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await take("sign-in")
    await sign_in_on_page(page, visit.office.logins["buyer"])
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()

    await page.get_by_role("main").get_by_role("link", name="Start").first.click()
    await page.get_by_role("link", name="Product Evaluation").click()
    await page.get_by_label("Product").fill("Standing desk")
    await page.get_by_label("Supplier").fill("Nordholz")
    await page.get_by_label("Amount").fill("3900")
    for field, name in (("description", "catalog.pdf"), ("offers", "offer.pdf"), ("photos", "site-photo.jpg")):
        await page.locator(f".drop:has(#{field}-choose) input[type=file]").first.set_input_files(files[name])
    await page.get_by_role("button", name="Add a line").click()
    await page.keyboard.type("Desk, 120 cm")
    await page.get_by_label("Quantity, line 1").fill("8")
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(3)
    await take("start")
    await page.locator("form").get_by_role("button", name="Start").click()
    await expect(page.get_by_role("heading", name=re.compile(r"^EVA-\d+ has started\.$"))).to_be_visible()

    await page.get_by_role("link", name="Next: Evaluate Product").click()
    await page.get_by_role("button", name="Claim").click()
    await _sign(page)
    await expect(page.get_by_text("Signed.")).to_be_visible()
    await page.get_by_label("Comment").fill("They deliver within two weeks.")
    await take("task")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()
    await take("done")

    await page.get_by_role("link", name=re.compile("^Open EVA-")).click()
    made = page.get_by_role("link", name=re.compile(r"^PUR-\d+$")).first
    await _until_there(page, made)
    await expect(page.get_by_role("heading", name="Standing desk (Nordholz)")).to_be_visible()
    await take("instance")

    await _link_in_a_private_window(visit, page)


async def _sign(page: Page) -> None:
    """Draw a signature with the mouse."""
    canvas = page.locator("canvas")
    await canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")  # not under the bar at the bottom
    await canvas.hover(position={"x": 30, "y": 90})  # once it stands still: pictures above it may just have come
    box = await canvas.bounding_box()
    assert box is not None
    await page.mouse.down()
    for step in range(1, 12):
        await page.mouse.move(box["x"] + 30 + step * 18, box["y"] + (40 if step % 2 else 100))
    await page.mouse.up()


async def _until_there(page: Page, made: Locator) -> None:
    """Wait for what the process does by itself; the page reads again when it is loaded."""
    for _ in range(WORK_S // 1000):
        if await made.count() > 0:
            return
        await page.wait_for_timeout(1000)
        await page.reload()
        await page.get_by_role("heading", level=1).wait_for()
    await expect(made).to_be_visible()


async def _link_in_a_private_window(visit: Visits, page: Page) -> None:
    """Copy a link to the PDF, and open it where nobody is signed in."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("link", name="catalog.pdf").first.click()
    viewer = page.get_by_role("dialog")
    await viewer.get_by_role("button", name="Copy a link to catalog.pdf").click()
    await expect(page.get_by_text(re.compile("The link is copied"))).to_be_visible()
    link = await page.evaluate("() => navigator.clipboard.readText()")

    private = await visit.context()
    answer = await private.request.get(link)
    assert answer.ok
    assert await answer.body() == SAMPLES["catalog.pdf"]()
