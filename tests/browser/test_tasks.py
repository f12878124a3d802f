"""A task: filling in, sending once, and what others do to it meanwhile."""

import re

from playwright.async_api import Locator, Page, expect

from browser.axe import axe
from browser.visiting import Scheme, Visits, every_look
from browser.watching import Watch


async def _task(visit: Visits) -> tuple[int, int]:
    """Start an evaluation that the buyer has claimed; return its number and the task's."""
    values = {"product": "Standing desk", "supplier": "Nordholz", "amount": "5460", "lines": [{"item": "Desk"}]}
    instance = await visit.office.stage.start("buyer", "EVA", values, {"description": ["catalog.pdf"]})
    return int(instance), int(await visit.office.stage.task("buyer", instance))


def _sent(page: Page, ends_with: str) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.url.endswith(ends_with) else None)
    return found


@every_look
async def test_a_task_is_shown_and_sent_with_its_comment(visit: Visits, width: int, scheme: Scheme) -> None:
    instance, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer", width=width, scheme=scheme)
    await expect(page.get_by_role("heading", name="Evaluate Product")).to_be_visible()
    await expect(page.get_by_label("Amount")).to_have_value("5460.00")
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width

    await page.get_by_label("Comment").fill("Too expensive.")
    await page.get_by_role("button", name="Reject").click()

    await expect(page.get_by_role("heading", name="Done: Reject.")).to_be_visible()
    await axe(page)
    ended = await visit.office.door.get(f"/api/v1/instances/{instance}", headers=visit.office.as_program("buyer"))
    assert ended.json()["state"] == "ended"
    history = await visit.office.door.get(
        f"/api/v1/instances/{instance}/history", headers=visit.office.as_program("admin")
    )
    assert "Too expensive." in history.text


async def test_a_field_that_its_rule_shows_appears_with_its_fault_and_stays(visit: Visits) -> None:
    instance, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await expect(page.get_by_label("Amount")).to_be_visible()
    reason = page.get_by_label("Why so much")
    await expect(reason).to_have_count(0)
    await page.get_by_label("Amount").fill("12000")
    visit.watch.expect(f"request: POST /api/v1/tasks/{task}/complete 422")
    await page.get_by_role("button", name="Reject").click()
    await expect(page.get_by_text("Why so much needs a value.")).to_be_visible()

    await reason.fill("It lasts.")
    await page.get_by_role("button", name="Reject").click()

    await expect(page.get_by_role("heading", name="Done: Reject.")).to_be_visible()
    ended = await visit.office.door.get(f"/api/v1/instances/{instance}", headers=visit.office.as_program("buyer"))
    assert ended.json()["values"]["reason"] == "It lasts."


async def test_a_fault_stands_beside_its_field_and_has_the_focus(visit: Visits) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    sent = _sent(page, "/complete")
    await page.get_by_label("Amount").fill("a lot")

    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Enter a number, such as 12.50.")).to_be_visible()
    await expect(page.get_by_label("Amount")).to_be_focused()
    assert sent == []

    await page.get_by_label("Amount").fill("-1")
    visit.watch.expect(f"request: POST /api/v1/tasks/{task}/complete 422")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.locator(".field:has(#amount) .error")).to_be_visible()
    await expect(page.get_by_label("Amount")).to_be_focused()


async def test_two_presses_send_once(visit: Visits) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    sent = _sent(page, "/complete")

    await page.get_by_role("button", name="Approve").dblclick()
    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()

    assert len(sent) == 1


async def test_what_was_typed_outlives_a_reload(visit: Visits) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("77.10")
    await page.get_by_label("Comment").fill("Half of a thought")

    await page.reload()

    await expect(page.get_by_label("Amount")).to_have_value("77.10")
    await expect(page.get_by_label("Comment")).to_have_value("Half of a thought")


async def test_saving_keeps_the_task_open_and_says_so(visit: Visits) -> None:
    instance, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("12,5")

    await page.get_by_role("button", name="Save for later").click()

    await expect(page.get_by_text(re.compile("^Saved"))).to_be_visible()
    await expect(page.get_by_label("Amount")).to_have_value("12.50")
    saved = await visit.office.door.get(f"/api/v1/instances/{instance}", headers=visit.office.as_program("buyer"))
    assert (saved.json()["state"], saved.json()["values"]["amount"]) == ("running", "12.50")


async def test_a_task_that_somebody_else_completed_keeps_what_was_typed(visit: Visits, watch: Watch) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("31")
    done = await visit.office.door.post(
        f"/api/v1/tasks/{task}/complete", json={"outcome": "reject"}, headers=visit.office.as_program("buyer")
    )
    assert done.status_code == 200, done.text
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete 4")

    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("alert")).to_contain_text("This task is no longer open.")
    await expect(page.get_by_label("Amount")).to_have_value("31")
    await axe(page)


async def test_a_task_that_was_saved_elsewhere_shows_both_and_lets_one_choose(visit: Visits, watch: Watch) -> None:
    instance, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("31")
    saved = await visit.office.door.post(
        f"/api/v1/tasks/{task}/save", json={"values": {"amount": "99"}}, headers=visit.office.as_program("buyer")
    )
    assert saved.is_success, saved.text
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete 412")

    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("alert")).to_contain_text("The task changed meanwhile.")
    await expect(page.get_by_label("Amount")).to_have_value("31")
    await page.get_by_role("button", name="Use mine").click()
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()
    found = await visit.office.door.get(f"/api/v1/instances/{instance}", headers=visit.office.as_program("buyer"))
    assert found.json()["values"]["amount"] == "31.00"


async def test_without_a_network_nothing_is_lost_and_the_same_press_works_later(visit: Visits, watch: Watch) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    await page.get_by_label("Amount").fill("31")
    await page.context.set_offline(offline=True)
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete net::ERR_INTERNET_DISCONNECTED")

    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached. Nothing is lost")
    await page.context.set_offline(offline=False)
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()


async def test_the_keyboard_alone_completes_a_task_and_goes_to_the_next(visit: Visits) -> None:
    await _task(visit)
    _, second = await _task(visit)
    page = await visit("/work", who="buyer")
    await expect(page.locator("tr.row")).to_have_count(2)

    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_label("Amount").wait_for()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()
    await page.keyboard.press("Enter")

    await expect(page).to_have_url(re.compile(rf"/tasks/{second}$"))
    await expect(page.get_by_label("Amount")).to_be_visible()


async def test_enter_goes_on_through_a_filtered_list_and_back_to_it(visit: Visits) -> None:
    for _ in range(2):
        values = {"product": "Standing desk", "supplier": "Nordholz", "amount": "5460"}
        await visit.office.stage.start("integrator", "EVA", values, {"description": ["catalog.pdf"]})
    page = await visit("/work?tab=offered", who="buyer")  # the task's page is not on the device yet
    first, second = [await row.get_attribute("href") for row in await _rows(page, 2)]

    await page.locator(f"a[href='{first}']").first.click()
    for after in (second, "/work?tab=offered"):
        await page.locator("form").get_by_role("button", name="Claim").click()
        await page.get_by_role("button", name="Approve").click()
        await expect(page.locator(".done a.button:focus")).to_have_attribute("href", str(after))
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(rf"{re.escape(str(after))}$"))


async def _rows(page: Page, number: int) -> list[Locator]:
    rows = page.locator("tr.row a.what")
    await expect(rows).to_have_count(number)
    return await rows.all()
