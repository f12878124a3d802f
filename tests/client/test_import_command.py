"""`satchel import` from an account elsewhere, as a program of its own against a server on a socket."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from client.accounts import new_owner
from client.conftest import Network, token
from client.test_importing_alloy import HERE
from golden.alloy_world import LOREM, alloy
from golden.conftest import api as api  # noqa: PLC0414  # the fixture: served
from surfaces.conftest import Api

SECRETS = ("ALLOY_CLIENT_SECRET", "SATCHEL_TOKEN")


async def _satchel(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command with nobody at the keyboard; return exit code, output and errors."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251  # a program's
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "satchel", "import"),
        *arguments,
        env={**kept, **environment, "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), timeout=60)
    for name in SECRETS:
        if environment.get(name):
            assert environment[name].encode() not in out + err
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def known(api: Api, network: Network) -> dict[str, str]:
    """What the environment says: an application of Alloy's, and the owner's token."""
    there = await alloy(api)
    await new_owner(api, network, HERE)
    return {
        "ALLOY_CLIENT_ID": str(there["client_id"]),
        "ALLOY_CLIENT_SECRET": str(there["client_secret"]),
        "SATCHEL_TOKEN": await token(api, "rival"),
        "SATCHEL_URL": str(api.url),
    }


async def test_an_account_is_counted_imported_and_the_second_time_left_as_it_is(
    api: Api, known: dict[str, str], tmp_path: Path
) -> None:
    tree = str(tmp_path / "tree")
    account = (tree, "--alloy", f"{api.url}/alloy/api", "--their-app", "Tickets")
    counted = await _satchel(*account, "--dry-run", **known)
    assert (counted[0], (tmp_path / "tree").exists()) == (0, False)
    assert counted[1].startswith("2 instances, 1 files (28 bytes where sizes are known), 0 links;")

    code, out, err = await _satchel(*account, "--app", "HER", "--map", "Description=story", **known)
    assert code == 0, err
    assert out.splitlines() == [
        f"1 files (28 bytes) of 2 instances in {tree}: 1 fetched, 0 there already, 0 failed; 0 links",
        "2 instances: 2 started, 0 there already, 0 failed; 1 files, 0 links",
    ]
    assert "left out: Status, of 2 instances" in err
    assert next((tmp_path / "tree").rglob("Lorem.txt")).read_bytes() == LOREM

    code, out, _ = await _satchel(*account, "--app", "HER", "--map", "Description=story", **known)
    assert code == 0
    assert "0 fetched, 1 there already" in out
    assert "0 started, 2 there already, 0 failed; 0 files, 0 links" in out


async def test_what_is_wrong_with_the_command_is_said_before_anything_is_done(
    api: Api, known: dict[str, str], tmp_path: Path
) -> None:
    tree = str(tmp_path / "tree")
    alloy_account = ("--alloy", f"{api.url}/alloy/api", "--their-app", "Tickets")
    credentials = tmp_path / "credentials"
    credentials.write_text(f"# ours\nexport ALLOY_CLIENT_ID={known['ALLOY_CLIENT_ID']}\nALLOY_CLIENT_SECRET='wrong'\n")
    bare = {name: value for name, value in known.items() if not name.startswith("ALLOY")}
    app = ("--app", "HER")
    for arguments, environment, code, said in (
        ((tree, *app, *alloy_account), bare, 1, "Set ALLOY_CLIENT_ID and ALLOY_CLIENT_SECRET"),
        ((tree, *app, *alloy_account, "--credentials", str(credentials)), bare, 1, "chmod 600"),
        ((tree, *alloy_account), known, 1, "--app CODE"),
        ((tree, *app, *alloy_account, "--navixy", "http://127.0.0.1:9"), known, 1, "one account at a time"),
        ((tree, *app, *alloy_account, "--numbers", "1-5"), known, 1, "--numbers goes with --flokzu"),
        ((tree, *app), known, 1, "holds no export"),
    ):
        answer = await _satchel(*arguments, **environment)
        assert (answer[0], said in answer[2]) == (code, True), answer
    credentials.chmod(0o600)
    code, _, err = await _satchel(tree, *app, *alloy_account, "--credentials", str(credentials), **known)
    assert (code, "invalid_client" in err, "wrong" in err) == (1, True, False)
    assert not (tmp_path / "tree").exists()
