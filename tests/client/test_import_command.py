"""`satchel import` from an account elsewhere, as a program of its own against a server on a socket."""

import asyncio
import os
import sys
from contextlib import suppress
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
        f"1 files (28 bytes) of 2 instances in {tree}: 1 fetched, 0 kept, 0 failed; 0 links",
        "2 instances: 2 started, 0 already imported, 0 failed; 1 files, 0 links",
    ]
    assert "left out: Status, of 2 instances" in err
    assert next((tmp_path / "tree").rglob("Lorem.txt")).read_bytes() == LOREM

    code, out, _ = await _satchel(*account, "--app", "HER", "--map", "Description=story", **known)
    assert code == 0
    assert "0 fetched, 1 kept" in out
    assert "0 started, 2 already imported, 0 failed; 0 files, 0 links" in out


async def test_credentials_of_a_file_count_before_those_of_the_environment_and_a_refusal_makes_no_folder(
    api: Api, known: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.touch(0o600)
    file.write_text(f"# ours\nexport ALLOY_CLIENT_ID={known['ALLOY_CLIENT_ID']}\n\nALLOY_CLIENT_SECRET='mistaken'\n")
    account = ("--alloy", f"{api.url}/alloy/api", "--their-app", "Tickets", "--credentials", str(file))
    code, _, err = await _satchel(str(tmp_path / "tree"), "--app", "HER", *account, **known)
    assert (code, "invalid_client" in err, "mistaken" in err) == (1, True, False)
    assert not (tmp_path / "tree").exists()


@pytest.mark.skipif(os.name != "posix", reason="there is no pseudo-terminal")
async def test_a_missing_credential_is_asked_for_at_a_terminal_and_not_echoed(
    api: Api, known: dict[str, str], tmp_path: Path
) -> None:
    keyboard, terminal = os.openpty()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251  # a program's
    secret = known.pop("ALLOY_CLIENT_SECRET")
    arguments = (str(tmp_path / "tree"), "--alloy", f"{api.url}/alloy/api", "--their-app", "Tickets", "--dry-run")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "satchel", "import"),
        *arguments,
        env={**kept, **known},
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        asked = await asyncio.wait_for(process.stderr.readuntil(b"ALLOY_CLIENT_SECRET: "), timeout=30)
        assert b"ALLOY_CLIENT_ID" not in asked  # it is in the environment
        os.write(keyboard, secret.encode() + b"\n")
        out, err = await asyncio.wait_for(process.communicate(), timeout=60)
        os.set_blocking(keyboard, False)
        echoed = b"\r\n"
        with suppress(OSError):
            echoed = os.read(keyboard, 1_000)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert (process.returncode, out.startswith(b"2 instances, 1 files")) == (0, True), err
    assert not any(secret.encode() in said for said in (out, err, echoed))
