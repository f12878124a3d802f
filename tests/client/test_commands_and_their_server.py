"""Commands that speak to a server: which one gets the token, what is said of its refusals, and identifiers."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from satchel.cli import remote
from serving import command

TOKEN = "st_of_another_server"


class _Listening(http.server.BaseHTTPRequestHandler):
    """Refuses everything, and keeps what it was sent."""

    got: list[str]

    def do_GET(self) -> None:
        """Refuse."""
        self.got.append(f"{self.path} {self.headers.get('Authorization')}")
        body = b'{"code": "unauthenticated", "detail": "Sign in first."}'
        if self.path.endswith("/instances/EVA-1"):
            body = b'{"id": 77}'
        self.send_response(200 if body.startswith(b'{"id') else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # the base class's name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that knows no token: its address, and what it was asked."""
    got: list[str] = []
    kind = type("Kind", (_Listening,), {"got": got})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "words",
    [
        ("incidents",),
        ("call", "1"),
        ("webhooks", "list"),
        ("schedules", "list"),
        ("deploy", "."),
        ("export", "there"),
        ("import", "there", "--app", "ONE"),
    ],
    ids=" ".join,
)
def test_a_token_of_the_environment_goes_to_no_server_that_nobody_named(
    words: tuple[str, ...], listening: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, got = listening
    monkeypatch.setattr(remote, "LOCAL_URL", address)

    done = command(*words, env={"SATCHEL_TOKEN": TOKEN})

    assert done.returncode == 1
    assert "set SATCHEL_URL too, or give --url" in done.stderr
    assert got == []


def test_a_token_of_the_command_line_goes_to_this_machine(
    listening: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, got = listening
    monkeypatch.setattr(remote, "LOCAL_URL", address)

    command("incidents", "--token", TOKEN)

    assert [one.split()[-1] for one in got] == [TOKEN]


def test_questetra_is_not_sent_the_token_of_satchel(listening: tuple[str, list[str]]) -> None:
    address, got = listening

    done = command("export", "there", "--questetra", address, env={"SATCHEL_TOKEN": TOKEN, "SATCHEL_URL": address})

    assert (done.returncode, got) == (1, [])
    assert "--token, or QUESTETRA_TOKEN" in done.stderr


@pytest.mark.parametrize("words", [("incidents",), ("export", "there")], ids=" ".join)
def test_a_refusal_names_the_server_that_refused(words: tuple[str, ...], listening: tuple[str, list[str]]) -> None:
    address, _ = listening

    done = command(*words, "--url", address, "--token", TOKEN)

    assert (done.returncode, done.stderr) == (1, f"error: Sign in first. (from {address})\n")


def test_a_server_that_is_not_there_is_named() -> None:
    done = command("export", "there", "--url", "http://127.0.0.1:1", "--token", TOKEN)

    assert done.returncode == 3
    assert "http://127.0.0.1:1" in done.stderr


def test_calls_are_listed_by_the_identifier_of_an_instance(listening: tuple[str, list[str]]) -> None:
    address, got = listening

    command("call", "EVA-1", "--url", address, "--token", TOKEN)
    command("call", "EVA-1", "step", "--dry-run", "--url", address, "--token", TOKEN)
    command("incidents", "--instance", "EVA-1", "--url", address, "--token", TOKEN)

    assert [one.split()[0] for one in got if "EVA-1" not in one] == [
        "/api/v1/instances/77/calls",
        "/api/v1/instances/77/services/step/request",
        "/api/v1/incidents?limit=100&cursor=0&instance=77",
    ]


def test_the_shell_completes_commands() -> None:
    typed = {"_SATCHEL_COMPLETE": "complete_bash", "COMP_WORDS": "satchel exp", "COMP_CWORD": "1"}

    assert command(env=typed).stdout.split() == ["export"]
