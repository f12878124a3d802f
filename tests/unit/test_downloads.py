"""Answers to requests for a file."""

import asyncio
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any

import pytest

from satchel.model.errors import BlobMissing, RangeNotSatisfiable
from satchel.surfaces.kit.downloads import Plan, plan, send_download

PDF = b"%PDF-1.7\n"
TAG = '"abc"'


def planned(**changes: Any) -> Plan:  # any of plan's own arguments
    given: dict[str, Any] = {
        "method": "GET",
        "size": 100,
        "etag": TAG,
        "media_type": "application/pdf",
        "name": "Übersicht.pdf",
        "head": PDF,
    }
    return plan(**{**given, **changes})


def test_a_whole_file_is_saved_under_a_policy_that_lets_it_do_nothing() -> None:
    answer = planned()
    assert (answer.status, answer.start, answer.stop) == (200, 0, 100)
    assert dict(answer.headers) == {
        "content-type": "application/pdf",
        "content-length": "100",
        "content-disposition": "attachment; filename=\"Ubersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf",
        "etag": TAG,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    }


@pytest.mark.parametrize(
    ("media_type", "head", "disposition"),
    [
        ("application/pdf", PDF, "inline"),
        ("application/pdf", b"<html>", "attachment"),
        ("image/svg+xml", b"<svg ", "attachment"),
        ("text/html", b"<html>", "attachment"),
    ],
)
def test_only_what_its_bytes_confirm_is_shown(media_type: str, head: bytes, disposition: str) -> None:
    headers = dict(planned(wants_inline=True, media_type=media_type, head=head).headers)
    assert headers["content-disposition"].startswith(f"{disposition};")
    assert headers["content-type"] == media_type


def test_a_range_is_answered_with_that_part() -> None:
    answer = planned(range_header="bytes=10-19", if_range=TAG)
    assert (answer.status, answer.start, answer.stop) == (206, 10, 20)
    assert dict(answer.headers)["content-range"] == "bytes 10-19/100"
    assert dict(answer.headers)["content-length"] == "10"


@pytest.mark.parametrize(
    "request_headers",
    [
        {"range_header": "bytes=1-2", "if_range": '"old"'},
        {"range_header": "bytes=1-2,5-6"},
        {"range_header": "nonsense"},
    ],
)
def test_otherwise_the_whole_is_sent(request_headers: dict[str, str]) -> None:
    assert planned(**request_headers).status == 200


def test_a_range_outside_is_refused() -> None:
    with pytest.raises(RangeNotSatisfiable):
        planned(range_header="bytes=100-")


def test_a_known_file_is_not_sent_again() -> None:
    answer = planned(if_none_match=f"W/{TAG}", range_header="bytes=0-1")
    assert (answer.status, answer.start, answer.stop) == (304, 0, 0)
    assert dict(answer.headers) == {"etag": TAG, "cache-control": "private, no-cache"}


def test_head_has_the_headers_and_no_bytes() -> None:
    answer = planned(method="HEAD", range_header="bytes=0-1")
    assert (answer.status, answer.start, answer.stop) == (200, 0, 0)
    assert dict(answer.headers)["content-length"] == "100"


class Wire:
    """An ASGI client that stays until a number of chunks came."""

    def __init__(self, *, leaves_after: int | None = None) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self._leaves_after = leaves_after
        self._left = asyncio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        if self._leaves_after is not None and len(self.sent) > self._leaves_after:
            self._left.set()
        await asyncio.sleep(0)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


class Source:
    """Chunks of ten bytes, and whether they were closed."""

    def __init__(self, count: int, *, breaks_at: int | None = None) -> None:
        self.given = 0
        self.is_closed = False
        self._count = count
        self._breaks_at = breaks_at

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(self._count):
                if number == self._breaks_at:
                    raise BlobMissing("gone")
                self.given += 1
                yield b"0123456789"
        finally:
            self.is_closed = True


async def test_the_bytes_are_sent_and_the_end_is_told() -> None:
    wire, source = Wire(), Source(10)
    assert await send_download(wire.receive, wire.send, planned(), source.chunks())
    assert wire.sent[0]["status"] == 200
    assert (b"etag", b'"abc"') in wire.sent[0]["headers"]
    assert wire.body == b"0123456789" * 10
    assert [message["more_body"] for message in wire.sent[1:]] == [True] * 9 + [False]
    assert source.is_closed


async def test_an_answer_without_bytes_is_one_empty_body() -> None:
    wire, source = Wire(), Source(10)
    assert await send_download(wire.receive, wire.send, planned(method="HEAD"), source.chunks())
    assert await send_download(wire.receive, wire.send, planned(if_none_match="*"), None)
    assert [message.get("body") for message in wire.sent] == [None, b"", None, b""]
    assert source.given == 0


async def test_nobody_reads_on_for_a_client_that_left() -> None:
    wire, source = Wire(leaves_after=3), Source(10)
    assert not await send_download(wire.receive, wire.send, planned(), source.chunks())
    assert source.given < 10
    assert source.is_closed


async def test_missing_bytes_are_an_error_before_anything_is_sent() -> None:
    wire = Wire()
    with pytest.raises(BlobMissing):
        await send_download(wire.receive, wire.send, planned(), Source(10, breaks_at=0).chunks())
    assert wire.sent == []


async def test_bytes_that_end_early_never_look_whole() -> None:
    wire = Wire()
    with pytest.raises(BlobMissing):
        await send_download(wire.receive, wire.send, planned(), Source(10, breaks_at=5).chunks())
    assert all(message.get("more_body", True) for message in wire.sent)
