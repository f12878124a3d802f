"""What goes wrong between a form and the server: a sentence says so, nothing typed is lost, nothing is sent twice."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import FilePayload, Page, Route, expect

from browser.visiting import Visits
from browser.watching import Watch

HOSTILE = [
    "<img src=x onerror=alert(1)>.txt",
    "'; alert(1); --.txt",
    "invoice\u202etxt.exe.txt",
    f"{'a very long name without an end ' * 8}.txt",
    "Ünïcödé 文件 📎.txt",
]
"""Names that a page, a header or a file system may stumble over."""


async def _task(visit: Visits) -> tuple[int, int]:
    """Start an evaluation that the buyer has claimed; return its number and the task's."""
    values = {"product": "Standing desk", "supplier": "Nordholz", "amount": "5460"}
    instance = await visit.office.stage.start("buyer", "EVA", values, {"description": ["catalog.pdf"]})
    return int(instance), int(await visit.office.stage.task("buyer", instance))


async def _asked(visit: Visits, who: str, method: str, path: str, **more: Any) -> Any:  # whatever JSON says
    answer = await visit.office.door.request(method, f"/api/v1{path}", headers=visit.office.as_program(who), **more)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def _note(name: str, size: int = 2000) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": b"n" * size}


async def _choose(page: Page, *files: FilePayload) -> None:
    await page.locator(".drop input[type=file]").first.set_input_files(list(files))


async def test_an_answer_that_is_lost_is_no_second_completion(visit: Visits, watch: Watch) -> None:
    instance, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete net::ERR_CONNECTION_RESET")
    lost: list[int] = []

    async def lose(route: Route) -> None:
        if lost:
            await route.continue_()
            return
        lost.append((await route.fetch()).status)
        await route.abort("connectionreset")

    await page.route(re.compile("/complete$"), lose)
    await page.get_by_label("Comment").fill("Said once.")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached. Nothing is lost")
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()
    assert lost == [httpx.codes.OK]
    history = (await _asked(visit, "admin", "GET", f"/instances/{instance}/history"))["items"]
    assert [event["kind"] for event in history].count("task.completed") == 1


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (429, "too_many_requests", "Too many requests came from here."),
        (503, "unavailable", "The database is away for a moment."),
        (500, "internal_error", "Something went wrong."),
    ],
)
async def test_a_refusal_for_now_keeps_what_was_typed_and_the_same_press_works_later(
    visit: Visits, watch: Watch, status: int, code: str, said: str
) -> None:
    _, task = await _task(visit)
    page = await visit(f"/tasks/{task}", who="buyer")
    watch.expect(f"request: POST /api/v1/tasks/{task}/complete {status}")
    problem = {"type": f"/errors/{code}", "title": said, "status": status, "code": code, "detail": said}
    address = re.compile("/complete$")
    await page.route(address, lambda route: route.fulfill(status=status, json=problem), times=1)
    await page.get_by_label("Amount").fill("31")

    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("alert")).to_contain_text(said)
    await expect(page.get_by_label("Amount")).to_have_value("31")
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Done: Approve.")).to_be_visible()


async def test_who_may_not_start_any_more_is_told_and_keeps_what_was_typed(visit: Visits, watch: Watch) -> None:
    page = await visit("/start/COL", who="technician")
    await page.get_by_label("Subject").fill("Site photos")
    watch.expect("request: POST /api/v1/apps/COL/instances 403")
    codes = {app["id"]: app["code"] for app in (await _asked(visit, "admin", "GET", "/apps"))["items"]}
    for group in (await _asked(visit, "admin", "GET", "/groups"))["items"]:
        for given in group["grants"]:
            if given["right"] == "start":
                revoked = {"group": group["id"], "right": "start", "app": codes.get(given["app_id"])}
                await _asked(visit, "admin", "DELETE", "/grants", json=revoked)

    await page.locator("form").get_by_role("button", name="Start").click()

    await expect(page.get_by_role("alert")).to_contain_text(re.compile("right|may not|allowed"))
    await expect(page.get_by_label("Subject")).to_have_value("Site photos")


async def test_storage_that_is_full_meanwhile_says_so_and_sends_when_there_is_room(visit: Visits, watch: Watch) -> None:
    page = await visit("/start/COL", who="technician")
    await page.get_by_label("Subject").fill("Site photos")
    used = (await _asked(visit, "admin", "GET", "/storage"))["used_bytes"]
    await _asked(visit, "admin", "PUT", "/storage", json={"limit_bytes": used + 1000})
    watch.expect("request: POST /api/v1/uploads 507")

    await _choose(page, _note("notes.txt"))
    await expect(page.locator(".item").filter(has_text="notes.txt")).to_contain_text(re.compile("storage|quota"))
    await _asked(visit, "admin", "PUT", "/storage", json={"limit_bytes": used + 10_000})
    await page.get_by_role("button", name="Try notes.txt again").click()

    await expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()


async def test_names_of_strangers_are_text_wherever_they_are_shown(visit: Visits) -> None:
    page = await visit("/start/COL", who="technician", width=390)
    await page.get_by_label("Subject").fill("<b>Site</b> photos")
    await _choose(page, *[_note(name) for name in HOSTILE])
    await expect(page.get_by_text("Uploaded", exact=True)).to_have_count(len(HOSTILE))
    await page.locator("form").get_by_role("button", name="Start").click()
    await page.locator(".done a.link").first.click()

    await expect(page.get_by_role("heading", name="<b>Site</b> photos")).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Files")).click()
    await expect(page.get_by_text("_img src=x onerror=alert(1)_.txt").first).to_be_visible()  # as it is stored
    assert await page.locator("main img[src=x]").count() == 0
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390
    await page.get_by_role("link", name=re.compile("very long name")).first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await page.evaluate("() => document.querySelector('dialog').scrollWidth") <= 390
