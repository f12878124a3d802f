"""A package of Satchel holds the web application: built, installed into an empty environment, and asked for it."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from database import url_of
from e2e.conftest import free_port
from house.tree import ROOT
from plain import PLAIN
from satchel.surfaces.ui.site import BUILT
from serving import Served

BIN = Path(sys.executable).parent
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def built(target: str, source: Path, folder: Path) -> Path:
    """Build a package and return its path."""
    assert (BUILT / "index.html").is_file(), "the web application has not been built: run `make web`"
    done = run(BIN / "hatchling", "build", "--target", target, "--directory", folder, cwd=source)
    assert done.returncode == 0, done.stderr
    (package,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def test_the_wheel_has_every_file_that_a_browser_gets_and_none_of_the_build_s_own(wheel: Path) -> None:
    place = "satchel/surfaces/ui/static/"
    held = {name.removeprefix(place) for name in names(wheel) if name.startswith(place)}

    made = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()}
    assert held == {name for name in made if not name.startswith(".vite/")}
    scripts = {name for name in held if name.endswith(".js")}
    assert scripts
    assert {f"{name}{ending}" for name in scripts for ending in (".br", ".gz")} <= held


def test_the_source_package_makes_the_same_wheel_without_node(wheel: Path, tmp_path: Path) -> None:
    source = built("sdist", ROOT, tmp_path / "sdist")
    done = run("tar", "-xzf", source, "-C", tmp_path)
    assert done.returncode == 0, done.stderr

    unpacked = tmp_path / source.name.removesuffix(".tar.gz")
    assert names(built("wheel", unpacked, tmp_path / "again")) == names(wheel)


def test_no_package_is_made_without_the_web_application(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("static", "__pycache__"))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for target in ("wheel", "sdist"):
        done = run(BIN / "hatchling", "build", "--target", target, cwd=tmp_path)
        assert done.returncode != 0
        assert "make wheel" in done.stderr
    assert not list(tmp_path.glob("dist/*"))

    static = tmp_path / BUILT.relative_to(ROOT)
    shutil.copytree(BUILT, static)
    next(static.rglob("*.js.br")).unlink()
    done = run(BIN / "hatchling", "build", "--target", "wheel", cwd=tmp_path)
    assert done.returncode != 0
    assert ".js.br is missing" in done.stderr


@pytest.fixture
def python(wheel: Path, tmp_path: Path) -> Path:
    """The interpreter of an empty environment into which the wheel was installed, from the installer's cache alone."""
    python = tmp_path / "venv" / "bin" / "python"
    made = run(BIN / "uv", "venv", "--quiet", "--offline", "--python", sys.executable, tmp_path / "venv")
    install = (BIN / "uv", "pip", "install", "--quiet", "--offline", "--python", python)
    if made.returncode == 0:
        made = run(*install, "--require-hashes", "--requirement", ROOT / "requirements" / "server.txt")
    if made.returncode != 0:
        pytest.skip(reason=f"the installer's cache lacks what the server requires: {made.stderr[-500:]}")
    done = run(*install, "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    return python


def test_an_installed_wheel_serves_the_application(python: Path, database: str, tmp_path: Path) -> None:
    where = run(python, "-c", "import satchel.surfaces.ui.site as site; print(site.BUILT)", cwd=tmp_path).stdout
    assert Path(where.strip()).is_relative_to(tmp_path / "venv")
    settings = {"SATCHEL_DATABASE_URL": url_of(database)}
    server = Served(tmp_path / "data", free_port(), settings=settings, program=(str(python), "-m", "satchel"))
    server.start()
    try:
        with httpx.Client(base_url=server.url, verify=PLAIN) as client:
            page = client.get("/", headers=BROWSER)
            assert page.status_code == 200
            assert page.content == (BUILT / "index.html").read_bytes()
            scripts = re.findall(r'src="(/assets/[^"]+\.js)"', page.text)
            assert scripts
            for script in scripts:
                asset = client.get(script, headers={"Accept-Encoding": "gzip"})
                assert asset.headers["Content-Encoding"] == "gzip"
                assert asset.content == (BUILT / script.removeprefix("/")).read_bytes()
    finally:
        server.stop()
