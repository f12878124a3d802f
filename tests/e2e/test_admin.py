"""`satchel admin`, beside a running server and on a data directory by itself."""

from pathlib import Path
from subprocess import run

import httpx
from typer.testing import CliRunner

from database import Postgres, url_of
from e2e.conftest import DemoServer, command
from plain import PLAIN
from satchel.cli import root
from serving import command as command_with

ADMIN = "admin@demo.example"
PASSWORD = ("--password", "a long enough one")


def said(server: DemoServer, *arguments: str) -> str:
    """Run a command of `satchel admin` beside the server, and return what it printed."""
    done = command("admin", *arguments, "--data", str(server.data))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_first_commands_make_an_account_and_who_administers_it(quick_folder: Path) -> None:
    data = ("--data", str(quick_folder / "data"))

    account = command("admin", "account", "North", "--quota-bytes", "5000", *data)
    user = command("admin", "user", "ann@example.com", "Ann", "--group", "administrators", *PASSWORD, *data)
    again = command("admin", "account", "North", *data)
    command("admin", "account", "South", *data)
    unnamed = command("admin", "list", *data)
    named = command("admin", "list", "--account", "North", *data)

    assert account.stdout == "account 1 'North', group 1 'administrators'\n"
    assert user.stdout == "user 1 ann@example.com\n"
    assert (again.returncode, again.stderr) == (
        1,
        "error: The account 'North' exists already. Choose another name.\n",
    )
    assert (unnamed.returncode, unnamed.stderr) == (1, "error: Name an account: North, South.\n")
    assert named.stdout == "1\tann@example.com\tAnn\tadministrators\n"
    assert command("admin", "quota", "--account", "North", *data).stdout.split("\t")[-2:] == ["5000", "4.9 KiB\n"]
    raised = command("admin", "quota", "6000", "--account", "North", *data).stdout
    second = command("admin", "user", "ann@example.com", "Ann", "--account", "South", *PASSWORD, *data)
    assert second.stdout == "user 2 ann@example.com\n"
    plain = command("admin", "token", "ann@example.com", *data)
    assert (plain.returncode, "North/ann@example.com" in plain.stderr) == (1, True)
    assert command("admin", "token", "South/ann@example.com", *data).stdout.startswith("st_")
    assert raised == "used\t0\t0 bytes\nreserved\t0\t0 bytes\nlimit\t6000\t5.9 KiB\nceiling\t6000\t5.9 KiB\n"


def test_people_come_into_groups_and_get_rights_and_tokens(server: DemoServer) -> None:
    user = said(server, "user", "max@demo.example", "Max", "--time-zone", "Europe/Berlin", *PASSWORD)
    group = said(server, "group", "auditors", "--member", "max@demo.example")
    number = group.split()[1]

    assert user == f"user {user.split()[1]} max@demo.example\n"
    assert group == f"group {number} 'auditors'\n"
    assert said(server, "grant", "auditors", "view", "export") == "'auditors' has view, export for all apps\n"
    assert said(server, "grant", "auditors", "export", "--app", "PUR", "--revoke") == (
        "'auditors' no longer has export for PUR\n"
    )
    assert f"{user.split()[1]}\tmax@demo.example\tMax\tauditors\n" in said(server, "list")
    assert said(server, "password", "max@demo.example", *PASSWORD) == "password set for max@demo.example\n"
    token = said(server, "token", "max@demo.example", "--name", "audit", "--expires-in-days", "1").strip()
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, verify=PLAIN) as max_:
        assert max_.get("/api/v1/me").json()["email"] == "max@demo.example"
        assert max_.get("/api/v1/instances", params={"app": "PUR"}).json()["items"]
        assert said(server, "join", "auditors", "max@demo.example", "--leave") == "max@demo.example left 'auditors'\n"
        assert max_.get("/api/v1/instances", params={"app": "PUR"}).status_code in (403, 404)
    assert said(server, "join", "auditors", "max@demo.example") == "max@demo.example is in 'auditors'\n"


def test_programs_get_what_they_sign_in_with_once(server: DemoServer) -> None:
    number, client_id, secret = (
        line.split("\t")[1] for line in said(server, "application", ADMIN, "Sync").splitlines()
    )
    hash_ = said(server, "hash", ADMIN, "--title", "tracker").strip()

    assert f"{number}\t{client_id}\tSync\n" in said(server, "application", ADMIN)
    assert secret not in said(server, "application", ADMIN, "--new-secret", number)
    assert len(hash_) == 32
    assert hash_ != said(server, "hash", ADMIN, "--session").strip()
    assert said(server, "token", ADMIN, "--kind", "api_password")


def test_a_secret_is_set_listed_and_deleted(server: DemoServer) -> None:
    assert said(server, "secret", "key", "--value", "sesame", "--host", "a.example") == "secret key set\n"
    listed = said(server, "secret")
    assert [line.split("\t")[:2] for line in listed.splitlines() if line.startswith("key")] == [["key", "a.example"]]
    assert "sesame" not in listed
    assert said(server, "secret", "key", "--keep-value", "--app", "PUR", "--app", "NEW") == "secret key kept\n"
    listed = said(server, "secret")
    (row,) = [line.split("\t")[:3] for line in listed.splitlines() if line.startswith("key")]
    assert row == ["key", "a.example", "PUR, NEW"]
    assert said(server, "secret", "key", "--delete") == "secret key deleted\n"


def test_a_secret_that_is_not_given_is_asked_for(server: DemoServer) -> None:
    arguments = ["admin", "secret", "asked", "--data", str(server.data)]

    done = CliRunner().invoke(root.app, arguments, input="sesame\n", env={"SATCHEL_SECRET": None})

    assert (done.exit_code, "Secret asked" in done.output, "secret asked set" in done.output) == (0, True, True)
    assert said(server, "secret", "asked", "--delete") == "secret asked deleted\n"


def test_a_mail_server_is_set_shown_and_tested(server: DemoServer) -> None:
    data = ("--data", str(server.data))
    none = "no mail server: notifications are only listed in the application\n"
    url = "smtp://flow@127.0.0.1:9"  # the port that discards, where nobody listens
    assert said(server, "mail") == none

    shown = said(server, "mail", url, "--from", "flow@demo.example", "--password", "open door")
    tested = command("admin", "mail", "--test", "max@demo.example", *data)
    nameless = command("admin", "mail", url, *data)

    assert shown == "smtp://127.0.0.1:9 of this account, from flow@demo.example\n"
    assert (tested.returncode, "cannot be reached" in tested.stderr) == (3, True)
    assert (nameless.returncode, "--from" in nameless.stderr) == (2, True)
    assert said(server, "mail", "--delete") == none


def test_what_is_unknown_is_refused_with_a_code(server: DemoServer) -> None:
    data = ("--data", str(server.data))

    unknown = command("admin", "token", "nobody@demo.example", *data)
    wrong = command("admin", "grant", "auditors", "everything", *data)

    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "nobody@demo.example" in unknown.stderr
    assert wrong.returncode == 2


def test_a_new_signing_key_ends_every_link_of_a_running_server(server: DemoServer) -> None:
    with server.client("admin") as client, httpx.Client(verify=PLAIN, timeout=60) as anybody:
        (instance,) = client.get("/api/v1/instances", params={"app": "PUR", "limit": 1}).json()["items"]
        file = client.get(f"/api/v1/instances/{instance['id']}/files").json()["items"][0]["id"]

        def link() -> str:
            made: str = client.post(f"/api/v1/files/{file}/links").json()["url"]
            return made

        before = link()
        assert anybody.get(before).status_code == 200

        assert said(server, "keys", "rotate") == ("links are signed with a new key; every earlier link has ended\n")

        refused = anybody.get(before)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert anybody.get(link()).status_code == 200


def test_a_running_server_s_database_moves_into_another_postgresql_and_into_a_new_folder(
    server: DemoServer, postgres: Postgres, quick_folder: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "satchel.dump", quick_folder / "data"
    assert said(server, "dump", str(file)) == f"the database is in {file}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    there.mkdir()
    for name in ("blobs", "secrets.key"):
        run(["cp", "-a", str(server.data / name), str(there)], check=True)

    with postgres.empty() as dsn:
        url = {"SATCHEL_DATABASE_URL": url_of(dsn)}
        restored = command_with("admin", "restore", str(file), env=url)
        examined = command_with("doctor", "--data", str(server.data), env=url)
        again = command_with("admin", "restore", str(file), env=url)
    embedded = command("admin", "restore", str(file), "--data", str(there))
    examined_there = command("doctor", "--read-data", "--data", str(there))

    assert (restored.returncode, examined.returncode) == (0, 0), restored.stderr + examined.stdout + examined.stderr
    assert (again.returncode, "is not empty; nothing was restored" in again.stderr) == (3, True), again.stderr
    assert (embedded.returncode, examined_there.returncode) == (0, 0), embedded.stderr + examined_there.stdout
    refused = command("admin", "dump", str(file), "--data", str(there))
    assert (refused.returncode, "exists already" in refused.stderr) == (3, True), refused.stderr
    not_one = command("admin", "restore", str(there / "secrets.key"), "--data", str(there))
    assert (not_one.returncode, "is no dump" in not_one.stderr) == (3, True), not_one.stderr
