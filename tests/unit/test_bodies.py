"""Request bodies and their guards."""

import asyncio
import json
from collections.abc import MutableMapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from satchel.model.errors import BodyCutShort, BodyTooSlow, InvalidRequest, SatchelError, TooLarge, UnsupportedMedia
from satchel.model.strict_json import parse_json, read_json
from satchel.surfaces.kit.bodies import Pace, content_length, read_chunks, read_whole, refuse_encoding


class Client:
    """An ASGI receive that gives these chunks, each after some seconds of the clock that it moves itself."""

    def __init__(self, *chunks: bytes, seconds: float = 0.0, leaves: bool = False, stalls: bool = False) -> None:
        self.now = 0.0
        self._seconds = seconds
        self._messages: list[MutableMapping[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        if leaves:
            self._messages.append({"type": "http.disconnect"})
        elif not stalls:
            self._messages.append({"type": "http.request"})

    async def receive(self) -> MutableMapping[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        self.now += self._seconds
        return self._messages.pop(0)

    async def read(self, *, max_bytes: int = 1000, declared: int | None = None, pace: Pace | None = None) -> bytes:
        return await read_whole(
            read_chunks(
                self.receive, max_bytes=max_bytes, declared_length=declared, monotonic=lambda: self.now, pace=pace
            )
        )


async def test_a_body_comes_as_it_was_sent() -> None:
    assert await Client(b"one", b"", b"two").read(declared=6) == b"onetwo"
    assert await Client().read() == b""


@pytest.mark.parametrize("declared", [None, 1001])
async def test_a_body_over_the_limit_is_refused(declared: int | None) -> None:
    with pytest.raises(TooLarge):
        await Client(b"x" * 1001).read(declared=declared)


async def test_a_client_that_leaves_is_told_apart() -> None:
    with pytest.raises(BodyCutShort):
        await Client(b"half", leaves=True).read()


@pytest.mark.parametrize("declared", [3, 5])
async def test_a_body_has_its_declared_length(declared: int) -> None:
    with pytest.raises(BodyCutShort):
        await Client(b"four").read(declared=declared)


async def test_a_body_that_dribbles_is_given_up() -> None:
    client = Client(*[b"x" * 500] * 100, seconds=1.0)
    with pytest.raises(BodyTooSlow):
        await client.read(max_bytes=100_000)
    assert client.now == 30.0


async def test_a_slow_body_at_the_least_pace_goes_through() -> None:
    assert len(await Client(*[b"x" * 1024] * 95, seconds=1.0).read(max_bytes=100_000)) == 95 * 1024


async def test_a_body_that_stalls_is_given_up() -> None:
    with pytest.raises(BodyTooSlow):
        await Client(b"x", stalls=True).read(pace=Pace(min_bytes=10, window_s=0.01))


async def test_one_good_window_does_not_pay_for_a_stall_without_end() -> None:
    with pytest.raises(BodyTooSlow):
        await Client(b"x" * 100, stalls=True).read(pace=Pace(min_bytes=10, window_s=0.01))


@pytest.mark.parametrize("header", ["gzip", "br", "gzip, identity", "GZIP"])
def test_an_encoded_body_is_refused(header: str) -> None:
    with pytest.raises(UnsupportedMedia):
        refuse_encoding(header)


@pytest.mark.parametrize("header", [None, "", "identity", " Identity "])
def test_a_plain_body_is_taken(header: str | None) -> None:
    refuse_encoding(header)


def test_content_length_is_a_number() -> None:
    assert content_length(None) is None
    assert content_length("12") == 12
    for header in ("", "-1", "+1", "1e3", "\u0661", "9" * 19):
        with pytest.raises(InvalidRequest):
            content_length(header)


def test_json_becomes_plain_data_with_exact_numbers() -> None:
    value = parse_json(b'{"a": [1, 2.50, 1e3, "x\\u00e9\\ud83d\\ude00"], "b": {"a": null, "c": true}}')
    assert value == {"a": [1, Decimal("2.50"), Decimal("1e3"), "xé😀"], "b": {"a": None, "c": True}}


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1} x',
        b"\xff",
        '"ü"'.encode("latin-1"),
        "\ufeff{}".encode(),
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"b": {"a": 1, "c": 2, "a": 1}}]',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[" + b"1" * 65 + b"]",
        b"[1." + b"1" * 65 + b"]",
        b"[1e1000]",
        b"[1E-0001000]",
        b"[1e99999999999]",
        nested(65),
        b'{"a":' * 65 + b"1" + b"}" * 65,
        nested(100_000),
        b'["\\u0000"]',
        b'{"\\u0000": 1}',
        b'["\\ud800"]',
        b'{"a": {"b": "\\udc00x"}}',
        b'"\x00"',
        b'"open',
    ],
)
def test_hostile_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_json(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(64),
        b"[" + b"{}," * 500 + b"{}]",
        b'["[[[[", "' + b"[" * 200 + b'"]',
        b'["\\\\u0000", "\\"[", "' + b"1" * 500 + b'"]',
        b"[1e999, " + b"1" * 64 + b"]",
    ],
)
def test_json_at_its_limits_is_taken(body: bytes) -> None:
    assert parse_json(body) == json.loads(body, parse_float=Decimal)


def test_one_doubled_key_among_very_many_is_found_at_once() -> None:
    keys = ",".join(f'"{number}": 0' for number in range(80_000))
    with pytest.raises(InvalidRequest, match="'79999' twice"):
        parse_json(f'{{{keys}, "79999": 0}}'.encode(), max_bytes=2_000_000)


def test_json_has_a_size() -> None:
    with pytest.raises(TooLarge):
        parse_json(b"[1, 2]", max_bytes=5)


class Line(msgspec.Struct, forbid_unknown_fields=True):
    item: str
    quantity: Decimal


class Order(msgspec.Struct):
    lines: list[Line]


def test_json_is_read_into_a_struct() -> None:
    assert read_json(b'{"lines": [{"item": "a", "quantity": "1.5"}]}', Order).lines[0].quantity == Decimal("1.5")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (b"{}", ""),
        (b'{"lines": 1}', "/lines"),
        (b'{"lines": [{"item": "a", "quantity": "1"}, {"item": 2, "quantity": "1"}]}', "/lines/1/item"),
        (b'{"lines": [{"item": "a", "quantity": "x"}]}', "/lines/0/quantity"),
        (b'{"lines": [{"item": "a", "quantity": "1", "x": 1}]}', "/lines/0"),
    ],
)
def test_what_does_not_fit_is_pointed_at(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_json(body, Order)
    assert refusal.value.members["pointer"] == pointer
    assert "$" not in refusal.value.message


def test_guards_hold_before_a_struct_is_made() -> None:
    refusals: list[tuple[bytes, type[SatchelError]]] = [
        (b'{"lines": [], "lines": []}', InvalidRequest),
        (b'{"lines": [], "x": NaN}', InvalidRequest),
        (b" " * 1_048_577, TooLarge),
    ]
    for body, error in refusals:
        with pytest.raises(error):
            read_json(body, Order)
