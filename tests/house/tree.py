"""The tracked files of the checkout, for the tests that watch over the house's own rules."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "satchel"


@cache
def files() -> tuple[Path, ...]:
    """Return every file that git tracks or would track, by its absolute path."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # whichever git is there
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.decode()
    found = (ROOT / name for name in listing.split("\0") if name)
    return tuple(sorted(path for path in found if path.is_file()))


def ending(*suffixes: str, under: str = ".") -> tuple[Path, ...]:
    """Return the tracked files below `under` whose names end so."""
    return tuple(path for path in files() if path.is_relative_to(ROOT / under) and path.name.endswith(suffixes))


def name(path: Path) -> str:
    """Return a path as a person would say it: from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


@cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Return every function and method of a module, nested ones too."""
    return tuple(node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def texts() -> Iterator[tuple[Path, str]]:
    """Yield each tracked file that is UTF-8 text, with its text."""
    for path in files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
