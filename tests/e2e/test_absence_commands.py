"""`satchel absence` and `satchel calendar` against a real server, whose worker gives tasks back."""

import json
from pathlib import Path

from e2e.conftest import DemoServer, command
from serving import eventually
from world import bundle


def test_absences_and_the_calendar_are_set_by_commands(server: DemoServer, tmp_path: Path) -> None:
    admin = ("--url", server.url, "--token", server.token("admin"))
    buyer = ("--url", server.url, "--token", server.token("buyer"))
    task = {"assign": {"user": "buyer@demo.example"}, "due": "2 working days"}
    for name, data in bundle({"code": "BAC", "tasks": {"a": task}}).items():
        (tmp_path / name).write_bytes(data)
    assert command("deploy", str(tmp_path), *admin).returncode == 0
    with server.client("admin") as client:
        people = {one["email"]: one for one in client.get("/api/v1/users").json()["items"]}
        before = client.get("/api/v1/calendar").json()
        away, present = people["buyer@demo.example"], people["admin@demo.example"]

        wrong = command("calendar", "set", "--country", "XX", "--hours", "monday=9", *admin)
        assert wrong.returncode == 1
        assert "hours.monday: '9' are no hours of a day" in wrong.stderr
        set_ = command("calendar", "set", "--country", "AT", "--hours", "saturday=09:00-12:00, 13:00-14:00", *admin)
        assert set_.returncode == 0, set_.stderr
        assert command("calendar", "set", "--day", "2030-12-24=09:00-12:00 Christmas Eve", *admin).returncode == 0
        shown = json.loads(command("calendar", "show", *admin).stdout)
        assert (shown["country"], shown["hours"]["saturday"]) == ("AT", ["09:00-12:00", "13:00-14:00"])
        assert shown["days"] == [{"day": "2030-12-24", "name": "Christmas Eve", "hours": ["09:00-12:00"]}]
        settings = {name: before[name] for name in ("time_zone", "hours", "country", "subdivision", "days")}
        assert client.put("/api/v1/calendar", json=settings).status_code == 200

        days = ("--from", "2020-01-01", "--until", "2035-12-31")
        nobody = command("absence", "set", *days, "--substitute", "Nobody At All", *buyer)
        assert (nobody.returncode, "Nobody active is called" in nobody.stderr) == (1, True)
        far = command("absence", "set", "--from", "2020-01-01", "--until", "2099-01-01", "--substitute", "1", *buyer)
        assert (far.returncode, "until: " in far.stderr) == (1, True), far.stderr
        made = command("absence", "set", *days, "--substitute", present["name"], *buyer)
        assert made.returncode == 0, made.stderr
        number = made.stdout.strip()
        listed = command("absence", "list", "--user", "buyer@demo.example", *admin)
        assert f"{number}\t2020-01-01\t2035-12-31\t{present['name']} ({present['id']})\taway" in listed.stdout
        assert command("absence", "change", number, "--until", "2034-12-31", *buyer).returncode == 0

        instance = client.post("/api/v1/apps/BAC/instances", json={}).json()["instance"]["id"]

        def holder() -> int:
            (task,) = client.get(f"/api/v1/instances/{instance}").json()["tasks"]
            return int(task["holder"])

        assert holder() == present["id"]
        assert command("absence", "end", number, *buyer).returncode == 0
        eventually(lambda: holder() == away["id"])
