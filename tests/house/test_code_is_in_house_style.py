"""Rules of the code that no linter of ours knows."""

import ast
import io
import re
import tokenize
from pathlib import Path

from house.tree import SOURCE, ending, functions, name, parsed

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

LONGER_FOR_A_REASON: dict[str, str] = {}
"""`path` or `path:function` → why it is one piece all the same."""

VAGUE_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"})

_SILENCERS = re.compile(r"type: ignore(\[[^\]]*\])?|pyright: ignore(\[[^\]]*\])?|noqa(: *[A-Z]+\d+(, ?[A-Z]+\d+)*)?")
_NOT_RUN = frozenset({"skip", "skipif", "xfail", "importorskip"})


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {}
    for path in ending(".py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES_OF_A_FILE and name(path) not in LONGER_FOR_A_REASON:
            long[name(path)] = lines
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in ending(".py"):
        for function in functions(path):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            place = f"{name(path)}:{function.name}"
            if lines > MOST_LINES_OF_A_FUNCTION and place not in LONGER_FOR_A_REASON:
                long[place] = lines
    assert long == {}


def test_the_list_of_exceptions_names_only_what_is_there_and_says_why() -> None:
    there = {name(path) for path in ending(".py")}
    there |= {f"{name(path)}:{function.name}" for path in ending(".py") for function in functions(path)}
    stale = {place: why for place, why in LONGER_FOR_A_REASON.items() if place not in there or not why.strip()}
    assert stale == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [name(path) for path in ending(".py") if VAGUE_NAMES & set(path.stem.split("_"))]
    assert vague == []


def test_a_package_says_what_it_is_and_does_nothing_else() -> None:
    wrong = []
    for path in ending("__init__.py"):
        body = parsed(path).body
        rest = body[1:] if ast.get_docstring(parsed(path)) else body
        if path == SOURCE / "__init__.py":
            rest = [node for node in rest if not _is_version(node)]
        if rest or not body:
            wrong.append(name(path))
    assert wrong == []


def _is_version(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__version__"]


def test_every_public_module_says_what_it_holds() -> None:
    mute = [name(path) for path in ending(".py") if ast.get_docstring(parsed(path)) is None]
    assert mute == []


def test_the_name_of_a_test_is_a_sentence() -> None:
    short = [
        f"{name(path)}:{function.name}"
        for path in ending(".py", under="tests")
        if path.name.startswith("test_")
        for function in functions(path)
        if function.name.startswith("test_") and len(function.name.removeprefix("test_").split("_")) < 3
    ]
    assert short == []


def test_a_checker_is_silenced_only_with_the_reason_on_the_line() -> None:
    bare = [
        f"{name(path)}:{line}"
        for path in ending(".py")
        for line, comment in _comments(path)
        if _SILENCERS.search(comment) and not re.search(r"[^\W\d_]{3,}", _SILENCERS.sub("", comment))
    ]
    assert bare == []


def test_a_reason_is_told_from_a_bare_silencer() -> None:
    bare = "# type: ignore[misc]  # noqa: S101, PLR2004"
    assert not re.search(r"[^\W\d_]{3,}", _SILENCERS.sub("", bare))
    assert re.search(r"[^\W\d_]{3,}", _SILENCERS.sub("", f"{bare}  # the library has no types"))


def _comments(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    if not _SILENCERS.search(text):
        return []  # to take all modules apart takes seconds
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def test_a_test_that_is_not_run_says_why() -> None:
    silent = []
    for path in ending(".py", under="tests"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Attribute) and node.attr in _NOT_RUN and ast.unparse(node).startswith("pytest."):
                silent += [f"{name(path)}:{node.lineno}"] if not _has_reason(path, node) else []
    assert silent == []


def _has_reason(path: Path, marker: ast.Attribute) -> bool:
    for call in ast.walk(parsed(path)):
        if isinstance(call, ast.Call) and call.func is marker:
            reasons = [word.value for word in call.keywords if word.arg == "reason"]
            if marker.attr == "skip":
                reasons += call.args
            return any(not isinstance(reason, ast.Constant) or reason.value for reason in reasons)
    return False


def test_nothing_is_left_for_later_in_the_product() -> None:
    later = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|NotImplementedError")
    unfinished = [
        f"{name(path)}:{number}"
        for path in ending(".py", under="src")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if later.search(line)
    ]
    assert unfinished == []
