"""Files over HTTP: the life of a ticket, content, links, and what a bundle with faults gets."""

import io
import zipfile
from datetime import timedelta

from satchel.actions.upkeep.sweep import expire_uploads
from surfaces.conftest import Api
from world import EXAMPLES, PDF

COLLECT = "/api/v1/apps/COL/instances"


async def _open_task(api: Api) -> tuple[int, int]:
    """Start a File Collection without files and claim its task."""
    await api.world.deploy_example("file-collection")
    client = await api.client("clerk")
    instance = (await client.post(COLLECT, json={"values": {"subject": "s"}})).json()["instance"]["id"]
    task = (await client.get(f"/api/v1/instances/{instance}")).json()["tasks"][0]["id"]
    assert (await client.post(f"/api/v1/tasks/{task}/claim")).status_code == 200
    return instance, task


async def test_an_uploaded_ticket_outlives_expiry_and_save_and_is_claimed_by_its_completion(
    api: Api,
) -> None:
    instance, task = await _open_task(api)
    client = await api.client("clerk")
    number = await api.upload("clerk", PDF, task=task, field="files", name="a.pdf")

    api.world.clock.advance(timedelta(hours=3))
    await expire_uploads(api.world.context)
    assert (await client.post(f"/api/v1/tasks/{task}/save", json={"values": {"subject": "t"}})).status_code == 200
    assert (await client.get(f"/api/v1/uploads/{number}")).json()["state"] == "uploaded"

    done = await client.post(f"/api/v1/tasks/{task}/complete", json={"values": {"files": [number]}})
    assert done.status_code == 200, done.text
    assert (await client.get(f"/api/v1/files/{number}/content")).content == PDF
    assert (await client.get(f"/api/v1/instances/{instance}")).json()["state"] == "ended"


async def test_an_uploaded_ticket_goes_at_the_completion_that_does_not_name_it(api: Api) -> None:
    _, task = await _open_task(api)
    client = await api.client("clerk")
    number = await api.upload("clerk", PDF, task=task, field="files", name="a.pdf")
    assert (await client.post(f"/api/v1/tasks/{task}/complete", json={})).status_code == 200
    ended = (await client.get(f"/api/v1/uploads/{number}")).json()
    assert (ended["state"], ended["reason"]) == ("expired", "not_claimed")
    now = await api.world.storage()
    assert (now.used_bytes, now.reserved_bytes) == (0, 0)


async def test_a_link_works_without_sign_in_for_its_minutes(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    client, anyone = await api.client("clerk"), await api.client("anonymous")
    number = await api.upload("clerk", PDF, app="COL", field="files", name="a.pdf")
    await client.post(COLLECT, json={"values": {"subject": "s", "files": [number]}})
    url = (await client.post(f"/api/v1/files/{number}/links", json={})).json()["url"]
    assert (await anyone.get(url)).content == PDF
    changed = url.replace("/links/", "/links/A", 1)
    assert (await anyone.get(changed)).status_code == 403
    api.world.clock.advance(timedelta(minutes=6))
    assert (await anyone.get(url)).status_code == 410


async def test_a_deleted_file_ends_its_links_and_can_be_restored(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    client, anyone = await api.client("clerk"), await api.client("anonymous")
    number = await api.upload("clerk", PDF, app="COL", field="files", name="a.pdf")
    await client.post(COLLECT, json={"values": {"subject": "s", "files": [number]}})
    url = (await client.post(f"/api/v1/files/{number}/links", json={})).json()["url"]
    assert (await client.delete(f"/api/v1/files/{number}")).json() == {"restorable_s": 30}
    assert (await anyone.get(url)).status_code == 410
    assert (await client.post(f"/api/v1/files/{number}/restore")).status_code == 200
    assert (await anyone.get(url)).content == PDF


async def test_html_is_saved_and_never_shown(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    client = await api.client("clerk")
    page = b"<!doctype html><script>alert(1)</script>"
    number = await api.upload("clerk", page, app="COL", field="files", name="a.html")
    await client.post(COLLECT, json={"values": {"subject": "s", "files": [number]}})
    answer = await client.get(f"/api/v1/files/{number}/content?disposition=inline")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_bundle_with_five_faults_gets_five_findings_with_places_and_deploys_nothing(api: Api) -> None:
    source = (EXAMPLES / "product-evaluation" / "app.yaml").read_text()
    faulty = (
        source.replace("type: decimal", "type: money")
        .replace("number: 1, id: supplier", "number: 0, id: supplier")
        .replace("group: buyers", "group: byers")
        .replace("  evaluate:\n", "  evalute:\n")
        .replace("due: P3D", "due: three days")
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.yaml", faulty)
        archive.write(EXAMPLES / "product-evaluation" / "process.bpmn", "process.bpmn")
    client = await api.client("admin")
    headers = {"Content-Type": "application/zip"}
    answer = await client.post("/api/v1/apps", content=packed.getvalue(), headers=headers)
    assert answer.status_code == 422
    findings = answer.json()["findings"]
    assert len(findings) >= 5, findings
    assert all(finding["line"] or finding["element"] for finding in findings)
    assert (await client.get("/api/v1/apps")).json()["items"] == []
