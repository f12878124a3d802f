"""JSON bodies with files as base64: however they are cut, the same comes of them, and what is malformed is refused."""

import base64
import json
from collections.abc import AsyncGenerator, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.actions.files.embedded import ELEMENT, EmbeddedFiles
from satchel.model.errors import InvalidRequest, TooLarge

PLACES = {("data",), (ELEMENT, "data"), ("attachments", ELEMENT, "data")}
LIMIT = 4_096


async def _read(body: bytes, cut: Callable[[], int]) -> tuple[object, list[bytes | None]]:
    """Return the value and the files of a body that comes in pieces."""
    taken: list[bytes] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        at = 0
        while at < len(body):
            size = cut()
            yield body[at : at + size]
            at += size

    async def take(pieces: AsyncGenerator[bytes, None]) -> int:
        taken.append(b"".join([piece async for piece in pieces]))
        return len(taken) - 1

    reader = EmbeddedFiles(chunks(), PLACES.__contains__, take, max_json_bytes=LIMIT)
    value = await reader.read()
    return value, [None if number is None else taken[number] for number in reader.files]


def _every(size: int) -> Callable[[], int]:
    return lambda: size


_at_once = _every(1 << 20)


@given(
    files=st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    is_ascii=st.booleans(),
)
@settings(max_examples=100, deadline=None)
async def test_however_a_body_is_cut_its_files_and_its_json_are_the_same(
    files: list[bytes], text: str, cuts: list[int], *, is_ascii: bool
) -> None:
    listed = [{"Name": text, "DATA": base64.b64encode(data).decode(), text + "x": {"data": [text]}} for data in files]
    body = json.dumps({"Attachments": listed, "other": [text, 1.5, None]}, ensure_ascii=is_ascii).encode()
    turn = iter(cuts * len(body))

    value, found = await _read(body, lambda: next(turn))

    assert [data or b"" for data in found] == files
    assert (value, found) == await _read(body, _at_once)
    assert isinstance(value, dict)
    assert [one["DATA"] for one in value["Attachments"]] == [str(number) for number in range(len(files))]
    assert [one["Name"] for one in value["Attachments"]] == [text] * len(files)


@pytest.mark.parametrize(
    ("text", "data"),
    [("QUJD\\r\\nRA==", b"ABCD"), ("\\/\\/\\/\\/", b"\xff\xff\xff"), ("\\u0051Q\\u003d=", b"A"), (" QQ = = ", b"A")],
)
async def test_escapes_and_white_space_are_no_junk(text: str, data: bytes) -> None:
    for size in (1, 2, 3, 100):
        assert (await _read(f'{{"data":"{text}"}}'.encode(), _every(size)))[1] == [data]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"}",
        b'{"data":"QUJ"}',
        b'{"data":"QU=D"}',
        b'{"data":"QQ==QQ=="}',
        b'{"data":"QUJD-_-_"}',
        b'{"data":"QUJD\\u00e9"}',
        b'{"data":"QU\nJD"}',
        b'{"data":"\\u202eQUJD"}',
        b'{"data":"\\ud83d\\ude00QUJD"}',
        b'{"data":"QUJD',
        b'{"data":"QUJD\\',
        b'{"data":"QUJD"',
        b'{"data":"QUJD" "x"}',
        b'{"data":"QUJD","data":"QUJD"}',
        b'{"\\ud800":1}',
        b'{"data":"QUJD"}]',
        b'{"a":"\\u0000"}',
        b'{"a":NaN}',
        b'\xff\xfe{"a":1}',
        b"[" * 5_000,
        b'{"a":' * 5_000,
    ],
)
async def test_what_is_malformed_is_refused(body: bytes) -> None:
    for size in (1, 7, 100_000):
        with pytest.raises(InvalidRequest):
            await _read(body, _every(size))


async def test_what_is_no_file_is_bounded() -> None:
    with pytest.raises(TooLarge):
        await _read(json.dumps({"name": "x" * LIMIT}).encode(), _at_once)


async def test_a_file_that_is_not_read_whole_does_not_disturb_the_rest() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b'[{"data":"' + base64.b64encode(bytes(3_000))
        yield b'","name":"a"}]'

    async def take(pieces: AsyncGenerator[bytes, None]) -> int:
        await anext(pieces)
        return 7

    reader = EmbeddedFiles(chunks(), PLACES.__contains__, take, max_json_bytes=LIMIT)

    assert await reader.read() == [{"data": "0", "name": "a"}]
    assert reader.files == [7]


async def test_what_came_before_a_file_is_known_when_it_comes() -> None:
    seen: list[object] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b'{"Id": 19, "Attachments": [{"Name": "a", "Data": "QUJD", "x": 1}]}'

    async def take(pieces: AsyncGenerator[bytes, None]) -> int:
        seen.append(reader.so_far())
        async for _ in pieces:
            pass
        return 1

    reader = EmbeddedFiles(chunks(), PLACES.__contains__, take, max_json_bytes=LIMIT)
    await reader.read()

    assert seen == [{"Id": 19, "Attachments": [{"Name": "a", "Data": ""}]}]
