"""What a server does by itself (timers, called instances, previews); messages, incidents and retries over HTTP."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from e2e.conftest import DemoServer, command, eventually
from engine_bpmn import MESSAGE, boundary, el, flow, message, simple, timer, user
from satchel.cli.demo.samples import catalog_pdf, photo_jpeg
from world import bundle, fields


def deploy(server: DemoServer, manifest: Mapping[str, object], process: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in bundle(manifest, process).items():
            archive.writestr(name, data)
    headers = {"Content-Type": "application/zip"}
    with server.client("admin") as client:
        answer = client.post("/api/v1/apps", content=packed.getvalue(), headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def client(server: DemoServer) -> Iterator[httpx.Client]:
    with server.client("admin") as opened:
        yield opened


def start(client: httpx.Client, code: str, **values: object) -> int:
    answer = client.post(f"/api/v1/apps/{code}/instances", json={"values": values})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["instance"]["id"])


def read(client: httpx.Client, instance: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/instances/{instance}").json()
    return found


def open_elements(client: httpx.Client, instance: int) -> list[str]:
    return [task["element"] for task in read(client, instance)["tasks"] if task["closed_at"] is None]


def test_a_timer_that_is_due_takes_the_task_away(server: DemoServer, client: httpx.Client) -> None:
    process = simple(
        user("a"), boundary("late", "a", timer("PT1S")), user("b"), flow("late", "b"), flow("b", "end", name="done")
    )
    deploy(server, {"code": "TIM"}, process)
    instance = start(client, "TIM")

    eventually(lambda: open_elements(client, instance) == ["b"])

    closed = [task["state"] for task in read(client, instance)["tasks"] if task["element"] == "a"]
    assert closed == ["failed"]


def test_a_called_instance_tells_its_caller_when_it_has_ended(server: DemoServer, client: httpx.Client) -> None:
    deploy(
        server,
        {
            "code": "SUB",
            "fields": fields({"id": "answer", "type": "text"}),
            "tasks": {"a": {"assign": {"starter": True}, "fields": {"answer": "edit"}}},
        },
        simple(user("a")),
    )
    caller = {
        "code": "TOP",
        "fields": fields({"id": "got", "type": "text"}),
        "calls": {"call": {"app": "SUB", "in": {}, "out": {"got": "answer"}}},
    }
    call = el("callActivity", "call", calledElement="SUB")
    deploy(server, caller, simple(call, user("z"), through=("call", "z")))
    instance = start(client, "TOP")
    found = client.get("/api/v1/instances", params={"app": "SUB"}).json()["items"]
    task = next(task["id"] for task in read(client, found[0]["id"])["tasks"])

    done = client.post(f"/api/v1/tasks/{task}/complete", json={"values": {"answer": "forty-two"}})
    assert done.status_code == 200, done.text

    eventually(lambda: open_elements(client, instance) == ["z"])
    assert read(client, instance)["values"] == {"got": "forty-two"}


def test_a_message_brings_a_file_to_an_instance_that_waits_for_it(server: DemoServer, client: httpx.Client) -> None:
    waiting = simple(el("intermediateCatchEvent", "wait", message()), user("a"), outside=MESSAGE, through=("wait", "a"))
    declared = fields({"id": "answer", "type": "text"}, {"id": "proof", "type": "file"})
    deploy(server, {"code": "MSG", "fields": declared, "messages": {"reply": {"inputs": ["answer", "proof"]}}}, waiting)
    instance = start(client, "MSG")
    wish = {"instance": instance, "field": "proof", "size": 5, "name": "proof.txt"}
    ticket = client.post("/api/v1/uploads", json=wish)
    assert ticket.status_code == 201, ticket.text
    assert client.put(ticket.json()["put_url"], content=b"proof").status_code == 200

    body = {"values": {"answer": "yes", "proof": [ticket.json()["id"]]}}
    sent = client.post(f"/api/v1/instances/{instance}/messages/reply", json=body)
    again = client.post(f"/api/v1/instances/{instance}/messages/reply", json=body)

    assert sent.is_success, sent.text
    assert again.status_code == 409, again.text
    assert open_elements(client, instance) == ["a"]
    assert [file["name"] for file in read(client, instance)["files"]["proof"]] == ["proof.txt"]


def test_an_incident_is_listed_and_its_step_taken_again(server: DemoServer, client: httpx.Client) -> None:
    process = simple(
        user("a"),
        el("exclusiveGateway", "g"),
        flow("a", "g"),
        flow("g", "end", "amount > 5", name="large"),
        through=("a",),
    ).replace(b'<sequenceFlow id="a_end" sourceRef="a" targetRef="end"></sequenceFlow>', b"")
    manifest = {
        "code": "INC",
        "fields": fields({"id": "amount", "type": "integer"}),
        "start": {"fields": {"amount": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {}}},
    }
    deploy(server, manifest, process)
    instance = start(client, "INC")
    task = read(client, instance)["tasks"][0]["id"]

    stopped = client.post(f"/api/v1/tasks/{task}/complete", json={})
    (incident,) = client.get("/api/v1/incidents", params={"instance": instance}).json()["items"]

    assert 400 <= stopped.status_code < 500, stopped.text
    assert incident["element"] in ("g", "large")
    assert open_elements(client, instance) == ["a"]

    fixed = client.patch(
        f"/api/v1/instances/{instance}/values",
        json={"values": {"amount": 7}},
        headers={"If-Match": client.get(f"/api/v1/instances/{instance}").headers["ETag"]},
    )
    assert fixed.is_success, fixed.text
    assert client.post(f"/api/v1/tasks/{task}/complete", json={}).status_code == 200
    assert read(client, instance)["state"] == "ended"
    assert client.get("/api/v1/incidents", params={"instance": instance}).json()["items"] == []


def test_a_photo_gets_its_preview_and_a_broken_one_none(server: DemoServer, client: httpx.Client) -> None:
    manifest = {
        "code": "PHO",
        "fields": fields({"id": "photos", "type": "photo", "max_files": 5}),
        "start": {"fields": {"photos": "edit"}},
        "tasks": {"a": {"fields": {}}},
    }
    deploy(server, manifest, simple(user("a")))
    numbers = []
    good = photo_jpeg()
    for data in (good, good[:700]):
        ticket = client.post("/api/v1/uploads", json={"app": "PHO", "field": "photos", "size": len(data)}).json()
        sent = client.put(ticket["put_url"], content=data, headers={"Content-Type": "image/jpeg"})
        assert sent.status_code == 200, sent.text
        numbers.append(int(ticket["id"]))
    start(client, "PHO", photos=numbers)

    preview = eventually(lambda: _found(client, f"/api/v1/files/{numbers[0]}/preview"))

    assert preview.headers["Content-Type"] == "image/jpeg"
    assert len(preview.content) < len(good)
    assert b"Exif" in good
    assert b"Exif" not in preview.content
    missing = client.get(f"/api/v1/files/{numbers[1]}/preview")
    assert missing.status_code == 404
    assert missing.json()["code"] == "not_found"


def _found(client: httpx.Client, path: str) -> httpx.Response | None:
    answer = client.get(path)
    return answer if answer.status_code == 200 else None


def evaluate(server: DemoServer, product: str, data: bytes, outcome: str) -> int:
    """Propose a product with a PDF and decide on it, as the demo's buyer; return the evaluation's number."""
    with server.client("buyer") as buyer:
        wish = {"app": "EVA", "field": "description", "size": len(data), "name": "own.pdf"}
        ticket = buyer.post("/api/v1/uploads", json=wish).json()
        assert buyer.put(ticket["put_url"], content=data).status_code == 200
        instance = start(buyer, "EVA", product=product, description=[ticket["id"]])
        task = read(buyer, instance)["tasks"][0]["id"]
        assert buyer.post(f"/api/v1/tasks/{task}/claim", json={}).is_success
        done = buyer.post(f"/api/v1/tasks/{task}/complete", json={"outcome": outcome})
        assert done.is_success, done.text
    return instance


def test_an_approved_evaluation_creates_a_request_with_the_same_pdf_and_a_rejected_one_nothing(
    server: DemoServer, client: httpx.Client
) -> None:
    data = catalog_pdf() + b"% of our own"
    rejected = evaluate(server, "Rejected thing", data, "reject")
    approved = evaluate(server, "Approved thing", data, "approve")

    eventually(lambda: read(client, approved)["state"] == "ended")

    identifier = read(client, approved)["values"]["request"]
    requests = client.get("/api/v1/instances", params={"app": "PUR"}).json()["items"]
    (request,) = (one for one in requests if one["identifier"] == identifier)
    made = read(client, request["id"])
    (file,) = made["files"]["catalog"]
    assert (made["values"]["item"], file["name"]) == ("Approved thing", "own.pdf")
    assert client.get(f"/api/v1/files/{file['id']}/content").content == data
    assert open_elements(client, request["id"]) == ["review"]
    assert not [one for one in requests if one["title"].startswith("Rejected thing")]
    assert client.get(f"/api/v1/instances/{rejected}/calls").json()["items"] == []
    calls = client.get(f"/api/v1/instances/{approved}/calls").json()["items"]
    assert [call["element"] for call in calls] == ["create_request", "archive"]
    for call in calls:
        (attempt,) = client.get(f"/api/v1/calls/{call['id']}").json()["attempts"]
        assert (attempt["number"], attempt["state"]) == (1, "done")
    arrived = httpx.get(f"http://127.0.0.1:{server.receiver_port}/").json()
    (entry,) = (one for one in arrived if one["values"]["identifier"] == read(client, approved)["identifier"])
    assert entry["values"] == {
        "identifier": read(client, approved)["identifier"],
        "product": "Approved thing",
        "request": identifier,
    }
    (sent,) = entry["files"]
    assert (sent["name"], sent["bytes"], sent["sha256"]) == ("own.pdf", len(data), hashlib.sha256(data).hexdigest())
    (receipt,) = read(client, approved)["files"]["receipt"]
    assert receipt["media_type"] == "application/pdf"
    assert sent["sha256"].encode() in client.get(f"/api/v1/files/{receipt['id']}/content").content


def test_a_service_task_is_looked_at_and_its_incident_skipped_from_the_command_line(
    server: DemoServer, client: httpx.Client
) -> None:
    task = {
        "kind": "rest",
        "method": "PUT",
        "url": "http://10.0.0.1/{{ note }}",
        "auth": {"type": "bearer", "token": "erp_token"},
        "parameters": {"note": "note", "proof": "proof"},
    }
    declared = fields({"id": "note", "type": "text"}, {"id": "proof", "type": "file", "max_files": 1})
    manifest = {"code": "CMD", "fields": declared, "start": {"fields": {"note": "edit"}}, "services": {"s": task}}
    deploy(server, manifest, simple(el("serviceTask", "s"), user("a"), through=("s", "a")))
    instance = start(client, "CMD", note="a b")
    reach = ("--url", server.url, "--token", server.token("admin"))
    (found,) = eventually(lambda: client.get(f"/api/v1/incidents?instance={instance}").json()["items"])

    unsigned = command("call", str(instance), "s", "--dry-run", *reach)
    assert client.put("/api/v1/secrets/erp_token", json={"value": "open sesame", "apps": ["CMD"]}).is_success
    shown = command("call", str(instance), "s", "--dry-run", *reach)
    made = command("call", str(instance), *reach)
    listed = command("incidents", "--instance", str(instance), *reach)
    skipped = command("incidents", "--skip", str(found["id"]), "--set", "note=by hand", *reach)

    assert (unsigned.returncode, unsigned.stdout) == (1, "")
    assert "satchel admin secret erp_token --app CMD" in unsigned.stderr
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("PUT http://10.0.0.1/a%20b\n")
    assert "bearer, with the secret erp_token" in shown.stdout
    assert '{"note":"a b","proof":null}' in shown.stdout
    assert "application/json, 27 bytes" in shown.stdout
    assert made.stdout.split("\t")[1:4] == ["s", "1", "failed"]
    assert listed.stdout.split("\t")[0] == str(found["id"])
    assert "satchel admin secret erp_token" in listed.stdout
    assert skipped.returncode == 1  # the task takes no field by hand
    assert "note" in skipped.stderr
    again = command("incidents", "--skip", str(found["id"]), *reach)
    assert (again.returncode, again.stdout) == (0, f"incident {found['id']} skipped\n")
    assert open_elements(client, instance) == ["a"]
