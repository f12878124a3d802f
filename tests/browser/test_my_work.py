"""The work list: what waits, by when; filters in the address; keys."""

import asyncio
import re

from playwright.async_api import expect

from browser.axe import axe
from browser.visiting import Scheme, Visits, every_look
from serving import Served


async def _fill(visit: Visits, *products: str) -> None:
    for product in products:
        await visit.office.stage.start(
            "buyer", "EVA", {"product": product, "supplier": "Nordholz"}, {"description": ["catalog.pdf"]}
        )


def _row(title: str) -> str:
    return f"tr.row:has-text('{title}')"


@every_look
async def test_rows_say_what_they_are_about_without_a_fault(visit: Visits, width: int, scheme: Scheme) -> None:
    await _fill(visit, "Standing desk", "Desk lamp")
    page = await visit("/work?tab=offered", who="buyer", width=width, scheme=scheme)

    row = page.locator(_row("Desk lamp"))
    await expect(row).to_contain_text(re.compile(r"Evaluate Product.*Desk lamp \(Nordholz\).*EVA-\d", re.DOTALL))
    await expect(page.get_by_text("In the next 7 days")).to_be_visible()
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width


async def test_claiming_moves_a_task_to_mine_and_counts_it(visit: Visits) -> None:
    await _fill(visit, "Standing desk", "Desk lamp")
    page = await visit("/work", who="buyer")
    await expect(page.get_by_role("heading", name="Nothing is waiting for you")).to_be_visible()

    await page.get_by_role("link", name="See what is offered").click()
    await page.locator(_row("Desk lamp")).get_by_role("button", name="Claim").click()

    await expect(page.locator(_row("Desk lamp"))).to_have_count(0)
    await expect(page.get_by_role("link", name="Offered to me 1")).to_be_visible()
    await page.get_by_role("link", name="Mine 1").click()
    await expect(page.locator(_row("Desk lamp"))).to_be_visible()


async def test_keys_move_claim_and_open(visit: Visits) -> None:
    await _fill(visit, "Standing desk", "Desk lamp")
    page = await visit("/work?tab=offered", who="buyer")
    await expect(page.locator("tr.row")).to_have_count(2)

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    title = await page.locator("tr.row.at .sub span").first.inner_text()
    await page.keyboard.press("c")
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page.locator(_row(title))).to_have_count(0)

    await page.goto("/work")
    await page.locator(_row(title)).wait_for()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/tasks/\d+$"))


async def test_question_mark_lists_the_keys_and_escape_goes_back(visit: Visits) -> None:
    page = await visit("/work", who="buyer")
    await page.get_by_role("heading", name="My work").wait_for()

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_filters_stand_in_the_address_and_come_back(visit: Visits) -> None:
    await _fill(visit, "Standing desk", "Desk lamp")
    page = await visit("/work?tab=offered", who="buyer")
    await page.get_by_label("Filter these tasks").fill("lamp")

    await expect(page).to_have_url(re.compile("q=lamp"))
    await expect(page.locator("tr.row")).to_have_count(1)
    await page.locator(_row("Desk lamp")).get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="Evaluate Product")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("Filter these tasks")).to_have_value("lamp")
    await expect(page.locator("tr.row")).to_have_count(1)

    await page.get_by_label("Filter these tasks").fill("nothing of this name")
    await page.get_by_role("button", name="Remove all filters").click()
    await expect(page.locator("tr.row")).to_have_count(2)


async def test_an_account_without_apps_is_told_what_to_do_next(visit: Visits, served: Served) -> None:
    login = ["ann@empty.example", "a long enough password"]
    for arguments in (["account", "Empty"], ["user", login[0], "Ann", "--account", "Empty", "--password", login[1]]):
        await asyncio.to_thread(served.command, "admin", *arguments)
    page = await visit()

    await page.get_by_label("E-mail").fill(login[0])
    await page.get_by_label("Password", exact=True).fill(login[1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="No app is deployed yet")).to_be_visible()
    await expect(page.get_by_text("satchel deploy examples/product-evaluation")).to_be_visible()
    await axe(page)


@every_look
async def test_an_address_that_leads_nowhere_says_so(visit: Visits, width: int, scheme: Scheme) -> None:
    page = await visit("/tasks/999999", who="buyer", width=width, scheme=scheme)
    visit.watch.expect("request: GET /api/v1/tasks/999999 404")

    await expect(page.get_by_role("heading", name="There is nothing here", level=1)).to_be_visible()
    await axe(page)


@every_look
async def test_the_gallery_shows_what_one_may_start_by_category(visit: Visits, width: int, scheme: Scheme) -> None:
    page = await visit("/start", who="admin", width=width, scheme=scheme)

    await expect(page.get_by_role("heading", name="Procurement")).to_be_visible()
    await expect(page.locator(".card", has_text="Product Evaluation")).to_contain_text(
        "Decide whether a product is worth buying."
    )
    await axe(page)
    await page.get_by_label("Find an app").fill("visit")
    await expect(page.locator(".card")).to_have_count(1)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width


async def test_who_may_start_nothing_is_told_whom_to_ask(visit: Visits) -> None:
    page = await visit("/start", who="archivist")

    await expect(page.get_by_role("heading", name="There is nothing that you may start")).to_be_visible()
    await expect(page.get_by_text("Ask an administrator of your account")).to_be_visible()
    await axe(page)


async def test_each_of_the_sample_people_has_pages_without_a_fault(visit: Visits) -> None:
    for who in visit.office.logins:
        page = await visit("/work", who=who)
        await expect(page.get_by_role("heading", name="My work")).to_be_visible()
        await page.goto("/start")
        await expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_text("Start")
        await axe(page)
        await page.context.close()
