"""An instance: where it stands, what stopped it, its values, files and history, and what one may do with them."""

import re
from pathlib import Path

from playwright.async_api import Page, expect

from browser.axe import axe
from browser.offices import Office
from browser.visiting import Scheme, Visits, every_look
from satchel.cli.demo.samples import SAMPLES

VALUES = {"product": "Desk lamp", "supplier": "Lumen & Co", "amount": "1797.25", "lines": [{"item": "Lamp"}]}

STOPPING = {
    "app.yaml": """
code: STP
name: Stopping
title: "{{ subject }}"
fields:
  - {number: 0, id: subject, label: Subject, type: text}
start:
  fields: {subject: require}
services:
  push:
    kind: rest
    method: POST
    url: http://127.0.0.1:9/nowhere
    body: form-data
    parameters: {subject: subject}
    retry: {attempts: 1}
""",
    "process.bpmn": """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://satchel.example/bpmn">
  <process id="stopping" isExecutable="true">
    <startEvent id="begin"/>
    <serviceTask id="push" name="Send to archive"/>
    <endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="begin" targetRef="push"/>
    <sequenceFlow id="f2" sourceRef="push" targetRef="end"/>
  </process>
</definitions>
""",
}
"""An app without a drawing, whose only step calls where nobody answers."""


async def _evaluation(office: Office) -> str:
    """Start an evaluation with a PDF whose task the buyer holds; return its identifier."""
    instance = await office.stage.start("buyer", "EVA", VALUES, {"description": ["catalog.pdf"]})
    await office.stage.task("buyer", instance)
    return await _identifier(office, int(instance))


async def _identifier(office: Office, instance: int) -> str:
    found = await office.door.get(f"/api/v1/instances/{instance}", headers=office.as_program("admin"))
    return str(found.json()["identifier"])


async def start_stopping(office: Office, *, auth: str | None = None) -> str:
    """Deploy the app that stops, start it, and return the instance's identifier.

    Args:
        office: whose app it is.
        auth: the secret that its call signs in with.
    """
    signing = "" if auth is None else f"    auth: {{type: bearer, token: {auth}}}\n"
    await office.deploy({**STOPPING, "app.yaml": STOPPING["app.yaml"] + signing})
    started = await office.door.post(
        "/api/v1/apps/STP/instances", json={"values": {"subject": "Crate"}}, headers=office.as_program("admin")
    )
    assert started.status_code == 201, started.text
    return str(started.json()["instance"]["identifier"])


@every_look
async def test_an_instance_shows_where_it_stands_and_what_it_holds(visit: Visits, width: int, scheme: Scheme) -> None:
    identifier = await _evaluation(visit.office)

    page = await visit(f"/i/{identifier}", who="buyer", width=width, scheme=scheme)

    await expect(page.get_by_role("heading", name="Desk lamp (Lumen & Co)")).to_be_visible()
    await expect(page.get_by_text("“Evaluate Product” waits for you.")).to_be_visible()
    await expect(page.get_by_text("1,797.25")).to_be_visible()
    await expect(page.get_by_role("link", name="catalog.pdf", exact=True)).to_be_visible()
    await expect(page.get_by_text("Bela Buyer started it, with “catalog.pdf”")).to_be_visible()
    steps = page.locator("ol.steps, ol.visually-hidden").first
    await expect(steps).to_contain_text("waits for Bela Buyer")
    await expect(page.locator(".djs-shape.step-waiting")).to_have_count(1 if width > 720 else 0)
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width


async def test_the_diagram_and_the_list_take_turns(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="buyer", width=390)
    await expect(page.locator("ol.steps")).to_be_visible()

    await page.get_by_role("button", name="As a diagram").click()
    await expect(page.locator(".djs-shape.step-waiting")).to_be_visible()
    await expect(page.locator(".bjs-powered-by")).to_be_visible()
    await axe(page)

    await page.get_by_role("button", name="As a list").click()
    await expect(page.locator("ol.steps")).to_be_visible()
    await expect(page.locator(".drawing")).to_have_count(0)


async def test_a_file_has_an_address_and_the_next_is_a_key_away(visit: Visits) -> None:
    office = visit.office
    instance = await office.stage.start(
        "technician", "COL", {"subject": "Papers"}, {"files": ["prices.csv", "catalog.pdf"]}
    )
    identifier = await _identifier(office, int(instance))
    page = await visit(f"/i/{identifier}/files", who="technician")

    await page.get_by_role("link", name="prices.csv", exact=True).click()
    viewer = page.get_by_role("dialog", name="prices.csv")
    await expect(viewer.locator("pre")).to_contain_text(SAMPLES["prices.csv"]().decode().splitlines()[0])
    await axe(page)
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("dialog", name="catalog.pdf").locator("iframe")).to_have_attribute(
        "src", re.compile("^blob:")
    )

    await page.reload()
    await expect(page.get_by_role("dialog", name="catalog.pdf")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith(f"/i/{identifier}/files")


async def test_a_deleted_file_comes_back(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="admin")
    files = page.get_by_role("link", name="catalog.pdf", exact=True)

    await page.get_by_role("button", name="More for catalog.pdf").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("“catalog.pdf” is deleted.")).to_be_visible()
    await expect(files).to_have_count(0)

    await page.get_by_role("button", name="Undo").click()
    await expect(files).to_have_count(1)


async def test_files_are_added_as_they_arrive(visit: Visits, tmp_path: Path) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="buyer")
    await expect(page.get_by_role("heading", name="Attachments")).to_be_visible()
    place = page.get_by_role("region", name="Attachments")

    offers = tmp_path / "offers.txt"
    offers.write_text("three offers")
    await place.locator("input[type=file]").set_input_files(offers)

    await expect(place.get_by_role("link", name="offers.txt", exact=True)).to_be_visible()
    await expect(page.get_by_text("Bela Buyer added “offers.txt”")).to_be_visible()


async def test_a_comment_stands_in_the_history(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="buyer")
    box = page.get_by_role("textbox", name="Comment")

    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Write something first.")).to_be_visible()
    await box.fill("They deliver within two weeks.")
    await page.keyboard.press("Control+Enter")

    await expect(page.locator(".quote", has_text="They deliver within two weeks.")).to_be_visible()
    await expect(box).to_have_value("")


async def test_a_task_of_somebody_who_is_away_says_in_whose_place_its_holder_has_it(visit: Visits) -> None:
    office = visit.office
    found = await office.door.get("/api/v1/me", headers=office.as_program("admin"))
    absence = {"from": "2020-01-01", "until": "2033-12-31", "substitute": found.json()["id"]}
    answer = await office.door.post("/api/v1/me/absences", json=absence, headers=office.as_program("buyer"))
    assert answer.status_code == 201, answer.text
    instance = await office.stage.start("buyer", "EVA", VALUES, {"description": ["catalog.pdf"]})
    mine = await office.door.get("/api/v1/tasks?filter=mine", headers=office.as_program("admin"))

    page = await visit(f"/tasks/{mine.json()['items'][0]['id']}", who="admin")
    await expect(page.get_by_text("In place of Bela Buyer")).to_be_visible()
    await axe(page)
    await page.goto(f"/i/{await _identifier(office, int(instance))}")
    await expect(page.get_by_text(re.compile("assigned “.*” to Ada Admin in place of Bela Buyer"))).to_be_visible()


async def test_what_stopped_can_be_retried_and_says_that_it_failed_again(visit: Visits) -> None:
    page = await visit(f"/i/{await start_stopping(visit.office)}", who="admin")
    await _reread_until(page, "“Send to archive” stopped.")
    await expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    await expect(page.locator(".djs-shape.step-failed")).to_be_visible()  # laid out here: the app has no drawing
    await axe(page)

    await page.get_by_role("button", name="Retry Send to archive").click()

    await expect(page.get_by_text("“Send to archive” failed again.")).to_be_visible(timeout=30_000)


async def _reread_until(page: Page, text: str) -> None:
    """Wait for what the server does by itself; the page reads again on its own."""
    await expect(page.get_by_text(text)).to_be_visible(timeout=30_000)


async def test_own_work_is_shown_without_history_and_comments(visit: Visits) -> None:
    office = visit.office
    instance = await office.stage.start("technician", "FLD", {"site": "Mill Lane 4"}, {})
    page = await visit(f"/i/{await _identifier(office, int(instance))}", who="technician")

    await expect(page.get_by_role("heading", name="Mill Lane 4")).to_be_visible()
    await expect(page.get_by_role("link", name="History")).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Comment")).to_have_count(0)


async def test_what_is_not_there_says_so(visit: Visits) -> None:
    visit.watch.expect("request: GET /api/v1/instances/EVA-99 404")

    page = await visit("/i/EVA-99", who="buyer")

    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    await axe(page)


async def test_an_instance_is_cancelled_with_its_reason_and_then_deleted(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="admin")

    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Cancel…").click()
    await page.get_by_label("Reason").fill("Bought elsewhere.")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel EVA-1").click()
    await expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    await expect(page.locator(".quote", has_text="Bought elsewhere.")).to_be_visible()

    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Delete…").click()
    await axe(page)
    await page.get_by_role("dialog").get_by_role("button", name="Delete EVA-1").click()
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()


async def test_a_file_is_renamed_and_described_from_its_menu_and_over_its_content(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="buyer")

    await page.get_by_role("button", name="More for catalog.pdf").click()
    await page.get_by_role("button", name="Rename or describe…").click()
    dialog = page.get_by_role("dialog", name="Name and description")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await axe(page)
    await dialog.get_by_label("Name").fill(" ")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Enter a name.")).to_be_visible()
    await dialog.get_by_label("Name").fill("lamp.pdf")
    await dialog.get_by_label("Description").fill("Of the maker, 2026")
    await dialog.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("link", name="lamp.pdf", exact=True)).to_be_visible()
    await expect(page.get_by_text("Of the maker, 2026")).to_be_visible()
    await expect(page.get_by_role("button", name="More for lamp.pdf")).to_be_focused()
    await page.get_by_role("link", name="lamp.pdf", exact=True).click()
    await page.get_by_role("button", name="Rename or describe lamp.pdf").click()
    await page.get_by_role("dialog", name="Name and description").get_by_label("Name").fill("desk-lamp.pdf")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="desk-lamp.pdf")).to_be_visible()


async def test_a_name_that_its_field_does_not_accept_is_refused_beside_it(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="buyer")
    visit.watch.expect(r"request: PATCH /api/v1/files/\d+ 422")

    await page.get_by_role("button", name="More for catalog.pdf").click()
    await page.get_by_role("button", name="Rename or describe…").click()
    dialog = page.get_by_role("dialog", name="Name and description")
    await dialog.get_by_label("Name").fill("catalog.exe")
    await page.keyboard.press("Enter")

    await expect(dialog.get_by_role("alert")).to_contain_text("is not of a type that description accepts")
    await expect(dialog.get_by_label("Name")).to_have_value("catalog.exe")


async def test_a_file_that_was_changed_meanwhile_is_not_renamed_unseen(visit: Visits) -> None:
    identifier = await _evaluation(visit.office)
    page = await visit(f"/i/{identifier}", who="buyer")
    await page.get_by_role("button", name="More for catalog.pdf").click()
    await page.get_by_role("button", name="Rename or describe…").click()
    dialog = page.get_by_role("dialog", name="Name and description")
    await dialog.get_by_label("Name").fill("mine.pdf")
    headers = visit.office.as_program("admin")
    found = await visit.office.door.get(f"/api/v1/instances/{identifier}", headers=headers)
    number = found.json()["files"]["description"][0]["id"]
    renamed = await visit.office.door.patch(f"/api/v1/files/{number}", json={"name": "theirs.pdf"}, headers=headers)
    assert renamed.is_success, renamed.text
    visit.watch.expect(r"request: PATCH /api/v1/files/\d+ 412")

    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(dialog.get_by_label("Name")).to_have_value("mine.pdf")
    await dialog.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("link", name="mine.pdf", exact=True)).to_be_visible()


async def test_who_may_not_change_a_file_is_not_offered_to(visit: Visits) -> None:
    page = await visit(f"/i/{await _evaluation(visit.office)}", who="archivist")

    await page.get_by_role("button", name="More for catalog.pdf").click()
    await expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Rename or describe…")).to_have_count(0)
