"""Replays transcripts: sends each request as it is written and compares the whole answer. README.md has the format."""

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import yaml

FOLDER = Path(__file__).parent
_NAME = re.compile(r"\$\{(\w+)\}")
_EXCHANGE = {"request", "expect", "capture", "capture_text"}
_FILE = {"name", "source", "given", "exchanges"}
_REQUEST = {"method", "path", "headers", "form", "parts", "json", "body", "lines"}
_EXPECT = {"status", "headers", "absent", "json", "text", "hex"}


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file: its name, where the vendor says so, its world, and what goes to and fro.

    Attributes:
        positions: the settings that it holds under, one after the other.
    """

    path: Path
    name: str
    source: str
    given: str
    exchanges: list[dict[str, Any]]
    positions: list[dict[str, Any]]


def transcripts() -> list[Path]:
    """Return the files of all transcripts."""
    return sorted(FOLDER.glob("*/*.yaml"))


def load(path: Path) -> Transcript:
    """Return a transcript.

    Raises:
        ValueError: it has other members than the format, so that none is left unread.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if set(data) - {"settings"} != _FILE or not data["exchanges"]:
        raise ValueError(f"{path.name}: a transcript has name, source, given and exchanges")
    for one in data["exchanges"]:
        unknown = set(one) - _EXCHANGE | set(one["request"]) - _REQUEST | set(one["expect"]) - _EXPECT
        if unknown or "status" not in one["expect"]:
            raise ValueError(f"{path.name}: unknown {sorted(unknown)}, or no status is expected")
    for one in data["exchanges"]:
        if "lines" in one["request"]:  # before names are filled in, whose own line ends stay as they are
            one["request"]["body"] = one["request"].pop("lines").replace("\n", "\r\n")
    positions = data.get("settings", [{}])
    return Transcript(path, data["name"], data["source"], data["given"], data["exchanges"], positions)


async def replay(transcript: Transcript, client: httpx.AsyncClient, known: MutableMapping[str, object]) -> None:
    """Send the requests and compare the answers; what is captured is added to `known`.

    Raises:
        AssertionError: an answer differs; the message says where.
    """
    for number, one in enumerate(transcript.exchanges, start=1):
        request = cast("dict[str, Any]", filled(one["request"], known))
        answer = await client.request(
            request.get("method", "GET"),
            request["path"],
            headers=request.get("headers"),
            data=request.get("form"),
            files=_parts(request["parts"]) if "parts" in request else None,
            json=request.get("json"),
            content=_content(request),
        )
        where = f"{transcript.path.name}, exchange {number}"
        check(answer, cast("dict[str, Any]", filled(one["expect"], known)), where)
        for name, place in one.get("capture", {}).items():
            known[name] = _at(answer.json(), place)
        for name, expression in one.get("capture_text", {}).items():
            match = re.search(expression, answer.text)
            assert match is not None, f"{where}: nothing for {name}"
            known[name] = match.group(1)


def _parts(parts: list[dict[str, Any]]) -> list[tuple[str, tuple[str | None, bytes, str | None]]]:
    """Return the parts of a form with files as httpx takes them."""
    return [
        (one["name"], (one.get("filename"), str(one["body"]).encode("utf-8", "surrogateescape"), one.get("type")))
        for one in parts
    ]


def _content(request: Mapping[str, Any]) -> bytes | None:
    """Return the body that is written out; a byte that is no UTF-8 stands as a surrogate, as Python has it."""
    text: str | None = request.get("body")
    return None if text is None else text.encode("utf-8", "surrogateescape")


def check(answer: httpx.Response, expect: Mapping[str, Any], where: str) -> None:
    """Compare an answer with what is expected.

    Raises:
        AssertionError: it differs.
    """
    assert answer.status_code == expect["status"], f"{where}: {answer.status_code} {answer.text[:500]}"
    for name, wanted in expect.get("headers", {}).items():
        assert name in answer.headers, f"{where}: no header {name}"
        _same(answer.headers[name], wanted, f"{where}: header {name}")
    for name in expect.get("absent", ()):
        assert name not in answer.headers, f"{where}: header {name} came"
    if "json" in expect:
        _same(answer.json(), expect["json"], f"{where}: $")
    if "text" in expect:
        _same(answer.content.decode("utf-8", "surrogateescape"), expect["text"], f"{where}: body")
    if "hex" in expect:
        _same(answer.content.hex(), expect["hex"], f"{where}: body")


def filled(data: object, known: Mapping[str, object]) -> object:
    """Return data with each `${name}` replaced."""
    if isinstance(data, dict):
        return {key: filled(value, known) for key, value in data.items()}
    if isinstance(data, list):
        return [filled(value, known) for value in data]
    if not isinstance(data, str):
        return data
    alone = _NAME.fullmatch(data)
    if alone:
        return known[alone.group(1)]
    return _NAME.sub(lambda found: str(known[found.group(1)]), data)


def _at(data: Any, place: str) -> object:
    for step in place.split("."):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return cast("object", data)


def _same(came: object, wanted: object, where: str) -> None:
    if isinstance(wanted, str) and wanted.startswith("<") and wanted.endswith(">"):
        assert _fits(came, wanted[1:-1]), f"{where}: {came!r} is not {wanted}"
    elif isinstance(wanted, dict):
        assert isinstance(came, dict), f"{where}: {came!r} is no object"
        members = {name: value for name, value in wanted.items() if name != "..."}
        missing, more = set(members) - set(came), set(came) - set(members)
        assert not missing, f"{where}: lacks {sorted(missing)}"
        assert not more or "..." in wanted, f"{where}: has {sorted(more)} too"
        for name, value in members.items():
            _same(came[name], value, f"{where}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(came, list), f"{where}: {came!r} is no list"
        assert len(came) == len(wanted), f"{where}: has {len(came)} items, not {len(wanted)}"
        for index, value in enumerate(wanted):
            _same(came[index], value, f"{where}.{index}")
    else:
        assert type(came) is type(wanted), f"{where}: {came!r} is not {wanted!r}"
        assert came == wanted, f"{where}: {came!r} is not {wanted!r}"


def _fits(came: object, pattern: str) -> bool:
    match pattern.partition(" "):
        case ("any", _, _):
            return came is not None
        case ("int", _, _):
            return isinstance(came, int) and not isinstance(came, bool)
        case ("text", _, _):
            return isinstance(came, str)
        case ("match", _, expression):
            return isinstance(came, str) and re.fullmatch(expression, came, re.DOTALL) is not None
    raise ValueError(f"<{pattern}> is no pattern of a transcript")
