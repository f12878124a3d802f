"""What stands beside a form: where an instance stands and what was said of it, and what happens once it is started."""

from playwright.async_api import expect

from browser.axe import axe
from browser.offices import Office
from browser.visiting import Scheme, Visits, every_look

VALUES = {"product": "Standing desk", "supplier": "Nordholz", "amount": "5460", "lines": [{"item": "Desk"}]}


async def _evaluation(office: Office) -> tuple[int, int]:
    """Start an evaluation that the buyer has claimed; return its number and the task's."""
    instance = await office.stage.start("buyer", "EVA", VALUES, {"description": ["catalog.pdf"]})
    return int(instance), int(await office.stage.task("buyer", instance))


async def _comment(office: Office, instance: int, text: str) -> None:
    said = await office.door.post(
        f"/api/v1/instances/{instance}/comments", json={"text": text}, headers=office.as_program("admin")
    )
    assert said.is_success, said.text


@every_look
async def test_beside_a_task_stands_who_started_it_where_it_stands_and_what_was_said(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    instance, task = await _evaluation(visit.office)
    await _comment(visit.office, instance, "They deliver within two weeks.")
    await _comment(visit.office, instance, "And take the old desks along.")

    page = await visit(f"/tasks/{task}", who="buyer", width=width, scheme=scheme)

    side = page.get_by_role("complementary")
    await expect(side.get_by_role("heading", name="EVA-1 Standing desk (Nordholz)")).to_be_visible()
    await expect(side.get_by_role("link", name="EVA-1")).to_have_attribute("href", "/i/EVA-1")
    steps = side.get_by_role("list", name="Where it stands").get_by_role("listitem")
    await expect(steps).to_contain_text(
        [
            "Started by Bela Buyer",
            "Evaluate Productwaits for Bela Buyer",
            "Create Purchase Requestnot reached",
            "Send to archivenot reached",
        ]
    )
    await expect(steps).to_have_count(4)
    await expect(side.locator(".quote")).to_have_text(
        ["They deliver within two weeks.", "And take the old desks along."]
    )
    await expect(side.get_by_text("Ada Admin")).to_have_count(2)
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
    form, beside = await page.locator("form").bounding_box(), await side.bounding_box()
    assert form is not None
    assert beside is not None
    is_below = beside["y"] >= form["y"] + form["height"]
    assert is_below == (width < 600)


async def test_what_a_person_does_changes_what_stands_beside_it(visit: Visits) -> None:
    _, task = await _evaluation(visit.office)
    page = await visit(f"/tasks/{task}", who="buyer")
    side = page.get_by_role("complementary")
    await expect(side.get_by_text("waits for Bela Buyer")).to_be_visible()

    await page.get_by_label("Comment").fill("Too expensive.")
    await page.get_by_role("button", name="Reject").click()

    await expect(side.get_by_text("Reject, by Bela Buyer")).to_be_visible()
    await expect(side.locator(".quote")).to_have_text(["Too expensive."])


async def test_whoever_sees_the_task_alone_is_told_who_started_it_and_nothing_else(visit: Visits) -> None:
    office = visit.office
    instance = await office.stage.start("admin", "PUR", {"item": "Standing desk", "supplier": "Nordholz"}, {})
    task = int(await office.stage.task("clerk", instance))
    await _comment(office, int(instance), "For the purchasers only.")

    page = await visit(f"/tasks/{task}", who="clerk")

    steps = page.get_by_role("list", name="Where it stands").get_by_role("listitem")
    await expect(steps).to_contain_text(["Started by Ada Admin", "waits for Cleo Clerk"])
    await expect(steps).to_have_count(2)
    await expect(page.get_by_role("heading", name="Comments")).to_have_count(0)


@every_look
async def test_beside_a_start_form_stands_what_happens_next_and_who_sees_it(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    page = await visit("/start/EVA", who="buyer", width=width, scheme=scheme)

    steps = page.get_by_role("region", name="What happens next").get_by_role("listitem")
    await expect(steps).to_have_text(
        [
            "Evaluate Productfor the group buyers, within 3 days",
            "Create Purchase Requestby Satchel itself, not in every case",
            "Send to archiveby Satchel itself, not in every case",
        ]
    )
    await expect(page.get_by_role("region", name="Who sees it")).to_contain_text(
        "You, the group buyers, and those who may view Product Evaluation."
    )
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width
