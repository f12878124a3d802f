"""Fields of files: links among them, their order, and what was one too many."""

import re
from typing import Any

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from browser.axe import axe
from browser.offices import Office
from browser.pieces import Patches
from browser.visiting import Scheme, Visits, every_look
from browser.watching import Watch

_APP = """
code: LNK
name: Links
title: "{{ subject }}"
fields:
  - {number: 0, id: subject, label: Subject, type: text}
  - {number: 1, id: papers, label: Papers, type: file, max_files: 3, LINKS}
  - {number: 2, id: owner, label: Owner, type: user}
start:
  fields: {subject: edit, papers: edit, owner: edit}
tasks:
  check:
    assign: {starter: true}
    fields: {subject: read, papers: edit, owner: read}
"""

_PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://satchel.example/bpmn">
  <process id="links" isExecutable="true">
    <startEvent id="begin"/>
    <userTask id="check" name="Check the papers"/>
    <endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="begin" targetRef="check"/>
    <sequenceFlow id="f2" sourceRef="check" targetRef="end"/>
  </process>
</definitions>
"""

TERMS = "https://drive.example/terms-2026.pdf"


async def _deploy(office: Office, *, links: bool = True) -> None:
    """Deploy an app with a field of three files at most, and a task for the person who starts it."""
    accepts = "allow_links: true" if links else "max_bytes: 10MiB"
    await office.deploy({"app.yaml": _APP.replace("LINKS", accepts), "process.bpmn": _PROCESS})


async def _started(office: Office, papers: list[object]) -> tuple[int, int]:
    """Start an instance with these papers; return its number and that of its task."""
    answer = await office.door.post(
        "/api/v1/apps/LNK/instances",
        json={"values": {"subject": "Hall", "papers": papers}},
        headers=office.as_program("admin"),
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["instance"]["id"]), int(answer.json()["next_task"]["id"])


async def _papers(office: Office, instance: int | str) -> list[tuple[str, str | None]]:
    """Return the names and addresses of an instance's papers, in their order."""
    found = await office.door.get(f"/api/v1/instances/{instance}", headers=office.as_program("admin"))
    return [(file["name"], file["url"]) for file in found.json()["files"].get("papers", [])]


async def _instance_of_done(page: Page) -> str:
    link = page.locator(".done a.link").first
    await expect(link).to_be_visible()
    return str(await link.get_attribute("href")).rsplit("/", 1)[-1]


def _text(name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": name.encode()}


async def _choose(page: Page, *names: str) -> None:
    await page.locator(".drop input[type=file]").first.set_input_files([_text(name) for name in names])


async def _add_link(page: Page, address: str, name: str = "") -> None:
    await page.get_by_role("button", name="Add a link").click()
    await page.get_by_label("Address").fill(address)
    await page.get_by_role("textbox", name="Name").fill(name)
    await page.get_by_role("button", name="Add", exact=True).click()


def _rows(page: Page) -> Locator:
    return page.locator(".file-field .item")


async def _expect_order(page: Page, *names: str) -> None:
    await expect(page.locator(".file-field .item .name")).to_have_text(list(names))


@every_look
async def test_links_and_uploads_share_a_field_its_limit_and_its_order(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin", width=width, scheme=scheme)

    await page.get_by_role("button", name="Add a link").click()
    await expect(page.get_by_label("Address")).to_be_focused()
    await axe(page)
    await page.get_by_label("Address").fill("drive.example/plan%20of%20the%20hall.pdf")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Add a link")).to_be_focused()
    await _choose(page, "notes.txt")
    await _add_link(page, TERMS, "Terms")

    await _expect_order(page, "plan of the hall.pdf", "notes.txt", "Terms")
    await expect(page.get_by_role("link", name="Terms")).to_have_attribute("href", TERMS)
    await expect(page.get_by_role("link", name="Terms")).to_have_attribute("rel", "noopener noreferrer")
    await expect(page.get_by_text(re.compile("3 of 3 used"))).to_be_visible()
    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    await axe(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width

    await page.locator("form").get_by_role("button", name="Start").click()
    assert await _papers(visit.office, await _instance_of_done(page)) == [
        ("plan of the hall.pdf", "https://drive.example/plan%20of%20the%20hall.pdf"),
        ("notes.txt", None),
        ("Terms", TERMS),
    ]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://drive.example/a", "terms", "https://", "a b.example"]
)
async def test_a_bad_address_is_a_fault_beside_it_and_stays_to_be_corrected(visit: Visits, address: str) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")

    await _add_link(page, address)

    entry = page.get_by_label("Address")
    await expect(page.get_by_text("Enter an address that begins with https:// or http://.")).to_be_visible()
    await expect(entry).to_be_focused()
    await expect(entry).to_have_value(address)
    await expect(entry).to_have_attribute("aria-invalid", "true")
    await expect(_rows(page)).to_have_count(0)
    await axe(page)

    await entry.fill(TERMS)
    await expect(page.get_by_text("Enter an address that begins")).to_have_count(0)
    await page.keyboard.press("Enter")
    await _expect_order(page, "terms-2026.pdf")


async def test_what_is_there_already_or_one_too_many_is_not_added(visit: Visits) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    await _add_link(page, TERMS)

    await _add_link(page, TERMS)
    await expect(page.get_by_text("This address is in the list already.")).to_be_visible()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await _choose(page, "a.txt", "b.txt")
    await _add_link(page, "https://drive.example/plan")

    await expect(page.get_by_text("The field holds at most 3 files. Remove one first.")).to_be_visible()
    await _expect_order(page, "terms-2026.pdf", "a.txt", "b.txt")


async def test_links_and_one_that_is_half_typed_outlive_a_reload(visit: Visits) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    await _add_link(page, TERMS, "Terms")
    await page.get_by_role("button", name="Add a link").click()
    await page.get_by_label("Address").fill("https://drive.exa")

    await page.reload()

    await _expect_order(page, "Terms")
    await expect(page.get_by_label("Address")).to_have_value("https://drive.exa")
    await page.locator("form").get_by_role("button", name="Start").click()
    await expect(page.get_by_text("Add the link that you typed, or cancel it.")).to_be_visible()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await page.locator("form").get_by_role("button", name="Start").click()
    assert await _papers(visit.office, await _instance_of_done(page)) == [("Terms", TERMS)]


async def test_the_servers_refusal_of_a_link_stands_beside_its_field(visit: Visits, watch: Watch) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    await _add_link(page, TERMS, "Terms")
    await _deploy(visit.office, links=False)
    watch.expect("request: POST /api/v1/apps/LNK/instances 422")

    await page.locator("form").get_by_role("button", name="Start").click()

    await expect(page.locator(".field:has(#papers-choose) > .error")).to_contain_text("kept elsewhere (Terms)")
    await _expect_order(page, "Terms")


@every_look
async def test_a_task_shows_held_links_and_takes_them_out(visit: Visits, width: int, scheme: Scheme) -> None:
    await _deploy(visit.office)
    held: list[object] = [{"url": TERMS, "name": "Terms"}, {"url": "https://drive.example/plan", "name": "Plan"}]
    instance, task = await _started(visit.office, held)
    page = await visit(f"/tasks/{task}", who="admin", width=width, scheme=scheme)

    await expect(page.get_by_role("link", name="Terms")).to_have_attribute("href", TERMS)
    await expect(page.get_by_role("link", name="Download Terms")).to_have_count(0)
    await expect(page.get_by_text(re.compile("2 of 3 used"))).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Remove Terms").click()
    await _add_link(page, "https://drive.example/offer", "Offer")
    await _expect_order(page, "Plan", "Offer")
    await page.locator("form").get_by_role("button", name="Complete").click()

    await expect(page.get_by_role("heading", name="Done.")).to_be_visible()
    assert await _papers(visit.office, instance) == [
        ("Plan", "https://drive.example/plan"),
        ("Offer", "https://drive.example/offer"),
    ]


async def test_a_field_without_links_offers_none(visit: Visits) -> None:
    await _deploy(visit.office, links=False)
    page = await visit("/start/LNK", who="admin")

    await expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    await expect(page.get_by_role("button", name="Add a link")).to_have_count(0)


@every_look
async def test_files_move_by_buttons_and_by_keys_and_are_sent_in_that_order(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin", width=width, scheme=scheme)
    await _choose(page, "a.txt", "b.txt")
    await _add_link(page, TERMS, "Terms")
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(2)
    await axe(page)
    told = page.locator(".file-field [role=status]").first

    await page.get_by_role("button", name="Move Terms up").click()
    await _expect_order(page, "a.txt", "Terms", "b.txt")
    await expect(told).to_have_text("“Terms” is now 2 of 3.")
    await expect(page.get_by_role("button", name="Move Terms up")).to_be_focused()
    await page.keyboard.press("Enter")
    await _expect_order(page, "Terms", "a.txt", "b.txt")
    await expect(page.get_by_role("button", name="Move Terms up")).to_be_focused()
    await page.keyboard.press("Enter")  # it is the first: nothing happens, and the focus stays
    await _expect_order(page, "Terms", "a.txt", "b.txt")

    await page.get_by_role("button", name="Remove b.txt").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await _expect_order(page, "Terms", "b.txt", "a.txt")
    await expect(page.get_by_role("button", name="Remove b.txt")).to_be_focused()
    await expect(told).to_have_text("“b.txt” is now 2 of 3.")

    await page.reload()
    await _expect_order(page, "Terms", "b.txt", "a.txt")
    await page.locator("form").get_by_role("button", name="Start").click()
    instance = await _instance_of_done(page)
    assert [name for name, _ in await _papers(visit.office, instance)] == ["Terms", "b.txt", "a.txt"]


async def test_what_is_on_its_way_can_be_moved_and_keeps_its_place(visit: Visits) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    pieces = await Patches(stop_at=0).attend(page)
    await _add_link(page, TERMS, "Terms")
    await _choose(page, "slow.txt")
    await expect(page.get_by_role("button", name="Pause slow.txt")).to_be_visible()

    await page.get_by_role("button", name="Move slow.txt up").click()
    await _expect_order(page, "slow.txt", "Terms")
    await pieces.go_on()

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    await _expect_order(page, "slow.txt", "Terms")
    await page.locator("form").get_by_role("button", name="Start").click()
    instance = await _instance_of_done(page)
    assert [name for name, _ in await _papers(visit.office, instance)] == ["slow.txt", "Terms"]


async def test_the_order_of_held_files_is_changed_by_a_task(visit: Visits) -> None:
    await _deploy(visit.office)
    links: list[object] = [{"url": f"https://drive.example/{name}", "name": name} for name in ("one", "two", "three")]
    instance, task = await _started(visit.office, links)
    page = await visit(f"/tasks/{task}", who="admin")

    await page.get_by_role("button", name="Move three up").click()
    await page.get_by_role("button", name="Save for later").click()
    await expect(page.get_by_text(re.compile("^Saved"))).to_be_visible()

    await _expect_order(page, "one", "three", "two")
    assert [name for name, _ in await _papers(visit.office, instance)] == ["one", "three", "two"]


async def test_a_file_that_was_one_too_many_is_sent_once_there_is_room(visit: Visits) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    await _choose(page, "a.txt", "b.txt", "c.txt", "d.txt", "e.txt")
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(3)
    await expect(page.get_by_text("Not sent: the field holds at most 3 files.")).to_have_count(2)
    await expect(page.get_by_role("button", name="Send now")).to_have_count(0)

    await page.get_by_role("button", name="Remove a.txt").click()
    await expect(page.get_by_role("button", name="Send now")).to_have_count(2)
    await axe(page)
    await page.get_by_role("button", name="Send now e.txt").click()

    await expect(_rows(page).filter(has_text="e.txt")).to_contain_text("Uploaded")
    await expect(_rows(page).filter(has_text="d.txt")).to_contain_text("Not sent: the field holds at most 3 files.")
    await expect(page.get_by_role("button", name="Send now")).to_have_count(0)
    await page.locator("form").get_by_role("button", name="Start").click()
    instance = await _instance_of_done(page)
    assert [name for name, _ in await _papers(visit.office, instance)] == ["b.txt", "c.txt", "e.txt"]


async def test_a_person_is_found_by_name_without_reading_everybody(visit: Visits) -> None:
    await _deploy(visit.office)
    page = await visit("/start/LNK", who="admin")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/users" in request.url else None)

    await page.get_by_label("Owner").fill("theo")
    await page.get_by_role("option", name="Theo Technician").click()
    await expect(page.get_by_label("Owner")).to_have_value("Theo Technician")
    assert any("q=theo" in address for address in asked)
    assert "@" not in await page.locator("main").inner_text()

    await page.locator("form").get_by_role("button", name="Start").click()
    await page.get_by_role("link", name=re.compile("Next: Check the papers")).click()
    await expect(page.locator("dl.facts").last).to_contain_text("Theo Technician")


async def test_the_names_of_people_are_asked_for_by_number_once_and_together(visit: Visits) -> None:
    await _deploy(visit.office)
    instance, task = await _started(visit.office, [{"url": TERMS, "name": "Terms"}])
    headers = visit.office.as_program("admin")
    people: dict[str, Any] = (await visit.office.door.get("/api/v1/users", headers=headers)).json()
    buyer = next(one["id"] for one in people["items"] if one["name"] == "Bela Buyer")
    changed = await visit.office.door.patch(
        f"/api/v1/instances/{instance}/values", json={"values": {"owner": buyer}}, headers={**headers, "If-Match": "*"}
    )
    assert changed.is_success, changed.text
    context = await visit.context()
    await visit.sign_in(context, "admin")
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/users" in request.url else None)

    await page.goto(f"/tasks/{task}")

    await expect(page.locator("dl.facts").last).to_contain_text("Bela Buyer")
    assert [address.partition("?")[2] for address in asked] == [f"id={buyer}&limit=200"]
