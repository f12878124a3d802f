"""The walk of the tutorial by keyboard alone: every control is reached by Tab, and its focus is in sight."""

import re
from pathlib import Path

from playwright.async_api import FileChooser, Locator, Page, expect

from browser.visiting import Visits
from satchel.cli.demo.samples import SAMPLES

MOST_STOPS = 80
"""How often Tab is pressed before a control counts as out of reach."""

IN_SIGHT = """element => {
  const box = element.getBoundingClientRect();
  const at = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  return at !== null && (element.contains(at) || at.contains(element) || at.closest("label")?.control === element);
}"""
"""Whether nothing covers the element that has the focus."""


async def _reach(page: Page, control: Locator) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(MOST_STOPS):
        if await control.evaluate("element => element === document.activeElement"):
            assert await control.evaluate(IN_SIGHT), f"{control} has the focus, and something covers it"
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {control}")


async def _fill(page: Page, label: str, text: str) -> None:
    await _reach(page, page.get_by_label(label).first)
    await page.keyboard.type(text)


async def _choose(page: Page, button: Locator, *files: Path) -> None:
    """Open the dialog of the system that chooses files, which is answered without being shown."""

    async def choose(chooser: FileChooser) -> None:
        await chooser.set_files(files)

    page.once("filechooser", choose)
    await _reach(page, button)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(files[-1].name)).to_be_visible()


def _sample(folder: Path, name: str, sample: str) -> Path:
    path = folder / name
    path.write_bytes(SAMPLES[sample]())
    return path


async def _start(page: Page, tmp_path: Path) -> None:
    """Go from the work list to a started evaluation."""
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    await page.keyboard.press("s")
    await _reach(page, page.get_by_role("link", name="Product Evaluation"))
    await page.keyboard.press("Enter")
    await page.get_by_label("Product").wait_for()
    await _fill(page, "Product", "Standing desk")
    await _fill(page, "Supplier", "Nordholz")
    await _fill(page, "Amount", "3900")
    await _choose(page, page.locator("#description-choose"), _sample(tmp_path, "catalog.pdf", "catalog.pdf"))
    offers = [_sample(tmp_path, name, "order.pdf") for name in ("offer.pdf", "warranty.pdf")]
    await _choose(page, page.locator("#offers-choose"), *offers)
    await _choose(page, page.locator("#photos-choose"), _sample(tmp_path, "site.jpg", "site-photo.jpg"))
    await _reach(page, page.get_by_role("button", name="Add a line"))
    await page.keyboard.press("Enter")
    await page.keyboard.type("Desk, 120 cm")
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(4)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name=re.compile(r"^EVA-\d+ has started\.$"))).to_be_visible()


async def _approve(page: Page, tmp_path: Path) -> None:
    """Go on to the task, claim it, sign with a picture and approve."""
    await page.keyboard.press("Enter")
    await expect(page.locator("form").get_by_role("button", name="Claim")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await page.get_by_label("Comment").wait_for()
    await _choose(
        page,
        page.get_by_role("button", name="upload a picture of it"),
        _sample(tmp_path, "signature.png", "signature.png"),
    )
    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    await _reach(page, page.get_by_label("Comment"))
    await page.keyboard.type("They deliver within two weeks.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()


async def test_a_product_is_evaluated_and_a_link_copied_by_keyboard_alone(visit: Visits, tmp_path: Path) -> None:
    page = await visit()
    login = visit.office.logins["buyer"]
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await _fill(page, "E-mail", login.email)
    await _fill(page, "Password", login.password)
    await page.keyboard.press("Enter")
    await _start(page, tmp_path)
    await _approve(page, tmp_path)

    await _reach(page, page.get_by_role("link", name=re.compile("^Open EVA-")))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Standing desk (Nordholz)")).to_be_visible()
    opener = page.get_by_role("link", name="warranty.pdf").first
    await _reach(page, opener)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await _reach(page, page.get_by_role("dialog").get_by_role("button", name="Copy a link to warranty.pdf"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(re.compile("The link is copied"))).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(opener).to_be_focused()
