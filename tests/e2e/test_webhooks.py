"""Webhooks through the command line, against a real server with a worker: added, tested, told, looked at."""

from e2e.conftest import DemoServer, command, eventually


def _cells(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_a_webhook_is_added_tested_and_followed_by_commands(server: DemoServer) -> None:
    with server.client("admin") as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        remote = ("--url", server.url, "--token", token)
        address = f"http://127.0.0.1:{server.receiver_port}/webhook"

        added = command("webhooks", "add", "PUR", address, "--event", "start", *remote)
        assert added.returncode == 0, added.stderr
        ((number, secret),) = _cells(added.stdout)
        assert secret.startswith("whsec_")
        tested = command("webhooks", "test", number, *remote)
        assert tested.returncode == 0, tested.stdout + tested.stderr
        assert _cells(tested.stdout)[0][1:3] == ["1", "done"]

        started = client.post("/api/v1/apps/PUR/instances", json={"values": {"item": "Told"}})
        assert started.is_success, started.text

        def log() -> list[list[str]] | None:
            rows = _cells(command("webhooks", "log", number, *remote).stdout)
            return rows if len(rows) > 1 and rows[0][4] != "waiting" else None

        rows = eventually(log)
        assert [row[2:5] for row in rows] == [
            ["start", str(started.json()["instance"]["id"]), "delivered"],
            ["test", "", "delivered"],
        ]
        again = command("webhooks", "redeliver", rows[0][0], *remote)
        assert again.stdout == f"delivery {rows[0][0]} is repeated\n"

        assert command("webhooks", "switch", number, "--off", *remote).returncode == 0
        listed = _cells(command("webhooks", "list", "PUR", *remote).stdout)
        assert listed == [[number, "PUR", "start", "native", "off", address]]
        assert command("webhooks", "delete", number, *remote).returncode == 0
        gone = command("webhooks", "test", number, *remote)
        assert (gone.returncode, "no webhook" in gone.stderr) == (1, True)

        flokzu = _cells(command("webhooks", "add", "PUR", address, "--format", "flokzu", *remote).stdout)
        assert [len(row[1]) for row in flokzu] == [len(secret), 40]
        assert command("webhooks", "delete", flokzu[0][0], *remote).returncode == 0
