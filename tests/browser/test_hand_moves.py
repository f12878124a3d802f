"""What those who manage an app do by hand on the page of an instance: move it, and complete a task for somebody."""

import pytest
from playwright.async_api import Page, expect

from browser.axe import axe
from browser.offices import Office
from browser.visiting import Visits

PACKING = {
    "app.yaml": """
code: PCK
name: Packing
title: "{{ subject }}"
fields:
  - {number: 0, id: subject, label: Subject, type: text}
start:
  fields: {subject: require}
tasks:
  check:
    assign: {group: buyers}
    fields: {subject: read}
    outcomes: [{id: good, label: Good}, {id: bad, label: Bad}]
  pack: {assign: {group: buyers}, fields: {subject: read}}
""",
    "process.bpmn": """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://satchel.example/bpmn">
  <process id="packing" isExecutable="true">
    <startEvent id="begin"/>
    <userTask id="check" name="Check"/>
    <userTask id="pack" name="Pack"/>
    <endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="begin" targetRef="check"/>
    <sequenceFlow id="f2" sourceRef="check" targetRef="pack"/>
    <sequenceFlow id="f3" sourceRef="pack" targetRef="end"/>
  </process>
</definitions>
""",
}


async def start_packing(office: Office) -> str:
    """Deploy the app, start it, and return the instance's address."""
    await office.deploy(PACKING)
    started = await office.door.post(
        "/api/v1/apps/PCK/instances", json={"values": {"subject": "Crate"}}, headers=office.as_program("admin")
    )
    assert started.status_code == 201, started.text
    return f"/i/{started.json()['instance']['identifier']}"


async def ask(page: Page, what: str) -> None:
    """Open one of the menu's dialogs with the keyboard."""
    await page.get_by_role("main").get_by_role("button", name="More", exact=True).focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=what).focus()
    await page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_manager_moves_an_instance_by_hand_and_completes_a_task_for_somebody(visit: Visits, width: int) -> None:
    page = await visit(await start_packing(visit.office), who="admin", width=width)

    await ask(page, "Move by hand…")
    moving = page.get_by_role("dialog", name="Move PCK-1 by hand")
    await expect(moving.get_by_role("checkbox", name="Check")).to_be_visible()
    await axe(page)
    await moving.get_by_role("button", name="Move it").click()
    await expect(moving.get_by_text("Say why.")).to_be_visible()
    await expect(moving.get_by_label("Reason")).to_be_focused()
    await moving.get_by_label("Reason").fill("checked by phone")
    await moving.get_by_role("button", name="Move it").click()
    await expect(moving.get_by_text("Choose what to cancel, or where to start.")).to_be_visible()
    visit.watch.expect(r"request: POST /api/v1/instances/\d+/tokens 422")
    await moving.get_by_role("checkbox", name="Check").check()
    await moving.get_by_role("button", name="Move it").click()
    await expect(moving.get_by_text("Start another step as well")).to_be_visible()
    await axe(page)
    await moving.get_by_label("Start at").select_option(label="Check")
    await moving.get_by_role("button", name="Move it").click()
    await expect(moving).to_be_hidden()
    await expect(page.get_by_role("main").get_by_role("button", name="More", exact=True)).to_be_focused()
    await expect(page.locator(".quote", has_text="checked by phone").first).to_be_visible()

    await ask(page, "Move by hand…")
    await page.keyboard.press("Escape")
    await expect(moving).to_be_hidden()
    await ask(page, "Complete a task for somebody…")
    completing = page.get_by_role("dialog", name="Complete a task for somebody else")
    await completing.get_by_label("Reason").fill("she is ill")
    await completing.get_by_role("button", name="Complete the task").click()
    await expect(completing.get_by_text("Choose an outcome.")).to_be_visible()
    await axe(page)
    await completing.get_by_label("Outcome").select_option(label="Good")
    await completing.get_by_role("button", name="Complete the task").click()
    await expect(completing).to_be_hidden()
    await expect(page.get_by_text("Ada Admin, by hand, completed “Check”: Good")).to_be_visible()
    await expect(page.locator(".quote", has_text="she is ill").first).to_be_visible()
