"""Signing in, reloading, and a session that ends under a form."""

from playwright.async_api import Page, expect

from browser.axe import axe
from browser.offices import Office
from browser.visiting import Scheme, Visits, every_look, sign_in_on_page
from browser.watching import Watch
from satchel.model.ids import InstanceId

SESSION = "request: POST /api/v1/session 401"


@every_look
async def test_a_wrong_password_is_said_and_the_right_one_opens_the_page_of_the_address(
    visit: Visits, watch: Watch, width: int, scheme: Scheme
) -> None:
    page = await visit("/start", width=width, scheme=scheme)
    login = visit.office.logins["buyer"]
    await page.get_by_label("E-mail").fill(login.email)
    await page.get_by_label("Password", exact=True).fill("not this one")
    watch.expect(SESSION)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).to_contain_text("E-mail or password is wrong.")
    await expect(page.get_by_label("Password", exact=True)).to_be_focused()
    await axe(page)
    await page.keyboard.type(login.password)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Start", level=1)).to_be_visible()


async def test_what_is_missing_is_said_before_anything_is_sent(visit: Visits) -> None:
    page = await visit()

    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_text("Enter your e-mail.")).to_be_visible()
    await expect(page.get_by_label("E-mail")).to_be_focused()


async def test_a_reloaded_page_is_still_signed_in_and_may_change_things(visit: Visits) -> None:
    page = await visit()
    await sign_in_on_page(page, visit.office.logins["buyer"])
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    await _evaluation(visit.office)

    await page.reload()
    await page.get_by_role("navigation", name="Which tasks").get_by_role("link", name="Offered to me").click()
    await page.get_by_role("button", name="Claim").click()

    await expect(page.get_by_text("“Evaluate Product” is yours now.")).to_be_visible()


async def test_signing_out_ends_the_session_and_forgets_what_was_shown(visit: Visits) -> None:
    await _evaluation(visit.office)
    page = await visit("/work?tab=offered", who="buyer")
    await expect(page.get_by_role("link", name="Evaluate Product").first).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()

    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_session_that_ends_under_a_form_is_opened_again_and_the_same_click_is_done(
    visit: Visits, watch: Watch
) -> None:
    instance = await _evaluation(visit.office)
    task = await visit.office.stage.task("buyer", instance)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("19.50")
    await page.context.clear_cookies()
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete 401")

    await page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog", name="Sign in to continue")
    await expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    await axe(page)
    await expect(page.get_by_label("Amount")).to_have_value("19.50")
    await dialog.get_by_label("Password", exact=True).fill(visit.office.logins["buyer"].password)
    await dialog.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()
    assert await _amount(page, instance) == "19.50"


async def _evaluation(office: Office) -> InstanceId:
    values = {"product": "Standing desk", "supplier": "Nordholz", "amount": "5460"}
    return await office.stage.start("buyer", "EVA", values, {"description": ["catalog.pdf"]})


async def _amount(page: Page, instance: int) -> object:
    return await page.evaluate(
        "async id => (await (await fetch(`/api/v1/instances/${id}`)).json()).values.amount", instance
    )


async def test_a_wrong_password_in_the_dialog_is_said_and_can_be_corrected(visit: Visits, watch: Watch) -> None:
    task = await visit.office.stage.task("buyer", await _evaluation(visit.office))
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").wait_for()
    await page.context.clear_cookies()
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete 401", SESSION)
    await page.get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog", name="Sign in to continue")
    await dialog.get_by_label("Password", exact=True).fill("not this one")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("E-mail or password is wrong.")

    await dialog.get_by_label("Password", exact=True).fill(visit.office.logins["buyer"].password)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Done: Reject.")).to_be_visible()


async def test_a_tab_goes_on_after_another_one_signed_in_anew(visit: Visits, watch: Watch) -> None:
    task = await visit.office.stage.task("buyer", await _evaluation(visit.office))
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").wait_for()
    await visit.sign_in(page.context, "buyer")
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete 403")

    await page.get_by_role("button", name="Reject").click()

    await expect(page.get_by_role("heading", name="Done: Reject.")).to_be_visible()


async def test_what_one_person_typed_is_not_shown_to_the_next_one(visit: Visits) -> None:
    page = await visit("/start/EVA", who="admin")
    await page.get_by_label("Product").fill("A secret plan")

    await page.get_by_role("button", name="Sign out").click()
    await sign_in_on_page(page, visit.office.logins["buyer"])

    await expect(page.get_by_label("Product")).to_have_value("")
