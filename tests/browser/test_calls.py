"""The calls of an instance: what was sent and what came back, and going on without a call that failed."""

import re

import pytest
from playwright.async_api import Page, expect

from browser.axe import axe
from browser.test_instance import start_stopping
from browser.visiting import Scheme, Visits, every_look


async def _stopped(visit: Visits, *, width: int = 1280, scheme: Scheme = "light", who: str = "admin") -> Page:
    """Open an instance once its call has failed."""
    page = await visit(f"/i/{await start_stopping(visit.office)}", who=who, width=width, scheme=scheme)
    await expect(page.get_by_text("“Send to archive” stopped.")).to_be_visible()
    return page


@every_look
async def test_an_attempt_shows_what_was_sent_and_why_it_failed(visit: Visits, width: int, scheme: Scheme) -> None:
    page = await _stopped(visit, width=width, scheme=scheme)

    await page.get_by_role("link", name="See what was sent").click()

    attempt = page.get_by_role("region", name="Attempt 1")
    await expect(page).to_have_url(re.compile(r"/i/STP-1/calls\?call=\d+$"))
    await expect(attempt).to_contain_text("http://127.0.0.1:9/nowhere cannot be reached.")
    await expect(attempt.locator("pre")).to_contain_text("POST http://127.0.0.1:9/nowhere")
    await expect(attempt.locator("pre")).to_contain_text(re.compile("Idempotency-Key: "))
    await expect(attempt).to_contain_text("multipart/form-data")
    await expect(attempt.locator("code")).to_have_text("subject")
    await expect(page.get_by_role("link", name=re.compile("^Calls"))).to_have_attribute("aria-current", "page")
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_an_attempt_has_an_address_that_opens_it_and_a_card_is_opened_by_keys(visit: Visits) -> None:
    page = await _stopped(visit)
    await page.get_by_role("link", name="Calls").click()
    await page.get_by_role("link", name="Address of attempt 1").click()
    await expect(page).to_have_url(re.compile(r"\?call=\d+&attempt=1$"))

    await page.reload()
    await expect(page.get_by_role("region", name="Attempt 1")).to_be_focused()
    card = page.locator("details summary", has_text="Send to archive")
    await card.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Attempt 1")).to_have_count(0)


async def test_a_failed_call_is_skipped_with_its_reason(visit: Visits) -> None:
    page = await _stopped(visit)
    await page.get_by_role("button", name="Skip… Send to archive").click()
    dialog = page.get_by_role("dialog", name="Skip “Send to archive”?")
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await dialog.get_by_role("button", name="Skip it").click()
    await expect(dialog.get_by_text("Say why.")).to_be_visible()
    await axe(page)
    await dialog.get_by_label("Reason").fill("The archive is closed for good.")
    await dialog.get_by_role("button", name="Skip it").click()

    await expect(page.get_by_text("“Send to archive” is skipped.")).to_be_visible()
    await expect(page.get_by_text("“Send to archive” stopped.")).to_have_count(0)
    await expect(page.get_by_text("Done", exact=True)).to_be_visible()
    await expect(page.locator(".quote", has_text="The archive is closed for good.")).to_be_visible()
    await expect(page.get_by_text("Ada Admin skipped “Send to archive”")).to_be_visible()


@pytest.mark.parametrize("part", ["", "/calls"])
async def test_people_without_the_right_are_offered_neither_retry_nor_skip(visit: Visits, part: str) -> None:
    identifier = await start_stopping(visit.office)
    page = await visit(f"/i/{identifier}{part}", who="archivist")

    await expect(page.get_by_text("“Send to archive” stopped.")).to_be_visible()
    await expect(page.get_by_text("Somebody with the right “modify” for this app can retry it.")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("Skip|Retry"))).to_have_count(0)


async def test_a_retry_that_fails_again_shows_its_attempt(visit: Visits) -> None:
    page = await _stopped(visit)
    await page.get_by_role("link", name="Calls").click()
    card = page.locator("details", has_text="Send to archive")
    await expect(card.locator("summary")).to_contain_text("Stopped")

    await page.get_by_role("button", name="Retry Send to archive").click()

    await expect(page.get_by_text("“Send to archive” failed again.")).to_be_visible()
    await expect(page.get_by_role("region", name="Attempt 2")).to_contain_text("cannot be reached")
    await expect(page.get_by_role("region", name=re.compile("Attempt"))).to_have_count(2)


async def test_a_secret_header_is_named_and_not_shown(visit: Visits) -> None:
    office = visit.office
    headers = office.as_program("admin")
    put = await office.door.put(
        "/api/v1/secrets/archive", json={"value": "open-sesame-2026", "apps": ["STP"]}, headers=headers
    )
    assert put.is_success, put.text
    page = await visit(f"/i/{await start_stopping(office, auth='archive')}/calls", who="admin")

    wire = page.get_by_role("region", name="Attempt 1").locator("pre")
    await expect(wire).to_contain_text("Authorization: (a secret, which is not recorded)")
    await expect(page.get_by_text("open-sesame-2026")).to_have_count(0)
