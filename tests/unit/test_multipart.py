"""The strict reader of forms."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from satchel.model.errors import BadFile, InvalidRequest, SatchelError, TooLarge, UnsupportedMedia
from satchel.surfaces.kit.multipart import MAX_PREAMBLE_BYTES, FormLimits, read_parts

TYPE = "multipart/form-data; boundary=b0"
GOOD = (
    b'--b0\r\nContent-Disposition: form-data; name="token"\r\n\r\nsecret\r\n'
    b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n%PDF-\r\n--b1\r\n\r\n--b0--\r\n"
)

Parts = list[tuple[str, str | None, str | None, bytes]]


async def arriving(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def parts_of(*chunks: bytes, content_type: str | None = TYPE, limits: FormLimits | None = None) -> Parts:
    return [
        (part.name, part.filename, part.media_type, b"".join([chunk async for chunk in part.chunks()]))
        async for part in read_parts(content_type, arriving(*chunks), limits)
    ]


async def test_a_form_gives_its_parts_in_order() -> None:
    assert await parts_of(GOOD) == [
        ("token", None, None, b"secret"),
        ("file", "a.pdf", "application/pdf", b"%PDF-\r\n--b1\r\n"),
    ]


async def test_parts_that_nobody_reads_are_skipped() -> None:
    assert [part.name async for part in read_parts(TYPE, arriving(GOOD))] == ["token", "file"]


async def test_an_empty_form_has_no_parts() -> None:
    assert await parts_of(b"--b0--\r\n") == await parts_of(b"--b0--") == []


async def test_a_boundary_may_be_quoted() -> None:
    body = GOOD.replace(b"--b0", b"--a b:0")
    assert len(await parts_of(body, content_type='Multipart/Form-Data; charset=utf-8; boundary="a b:0"')) == 2


@pytest.mark.parametrize("content_type", [None, "", "application/json", "multipart/mixed; boundary=b0"])
async def test_another_content_type_is_unsupported(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMedia):
        await parts_of(GOOD, content_type=content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=b0; boundary=b1",
        f"multipart/form-data; boundary={'b' * 71}",
        'multipart/form-data; boundary="b0 "',
        'multipart/form-data; boundary="b\\"0"',
    ],
)
async def test_a_malformed_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        await parts_of(GOOD, content_type=content_type)


def with_header(line: bytes) -> bytes:
    return GOOD.replace(b"Content-Type: application/pdf", line)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GOOD.removesuffix(b"--b0--\r\n"),
        GOOD.removesuffix(b"--\r\n"),
        GOOD.removesuffix(b"-\r\n"),
        GOOD.removesuffix(b"\n"),
        GOOD.removesuffix(b"\r\n") + b"x\r\n--b0--\r\n",
        GOOD.removesuffix(b"\r\n") + b"x",
        GOOD.removesuffix(b"\r\n") + b" x\r\n",
        b"preamble\n" + GOOD[:-12],
        b"no boundary at all\r\n",
        b"x" + GOOD[:-40],
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"--b0\r\n", b"--b0 \r\n", 1),
        with_header(b'Content-Disposition: form-data; name="token"'),
        with_header(b'content-disposition : form-data; name="token"'),
        with_header(b"Content-Type: a/b\r\nContent-Type: c/d"),
        with_header(b"Content-Transfer-Encoding: base64"),
        with_header(b"Content-Transfer-Encoding: quoted-printable"),
        with_header(b"X-A: a\x00b"),
        with_header(b"X-A: a\nb: c"),
        with_header(b"X-A: a\x1bb"),
        with_header(b" folded: x"),
        with_header(b"no colon"),
        with_header(b"X-A: \xff"),
        with_header(b"Content-Length: 3"),
        GOOD.replace(b'name="file"', b'name="file"; name="token"'),
        GOOD.replace(b'filename="a.pdf"', b'filename="a.pdf"; filename="b.exe"'),
        GOOD.replace(b'filename="a.pdf"', b'FileName="a.pdf"; filename="b.exe"'),
        GOOD.replace(b'filename="a.pdf"', b"filename*=UTF-8''a.pdf"),
        GOOD.replace(b'filename="a.pdf"', b'filename="a.pdf'),
        GOOD.replace(b'filename="a.pdf"', b'filename="a\x00.pdf"'),
        GOOD.replace(b'name="file"; ', b""),
        GOOD.replace(b'name="file"', b'name="fi%0Ale"'),
        GOOD.replace(b'form-data; name="file"', b'attachment; name="file"'),
        GOOD.replace(b'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n', b""),
    ],
)
@pytest.mark.parametrize("cut", [lambda body: [body], lambda body: [body[i : i + 1] for i in range(len(body))]])
async def test_a_malformed_form_is_refused_however_it_is_cut(body: bytes, cut: Callable[[bytes], list[bytes]]) -> None:
    with pytest.raises(InvalidRequest):
        await parts_of(*cut(body))


@pytest.mark.parametrize("before", [b"", b"\r\n", b"preamble\r\n", b"--b1\r\n--b\r\n", b"x" * 60_000 + b"\r\n"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"x", b"--b0\r\n", GOOD, b"x" * 5_000])
@pytest.mark.parametrize("step", [1, 7, 10**6])
async def test_what_stands_before_and_after_a_form_is_ignored(before: bytes, after: bytes, step: int) -> None:
    body = before + GOOD + after
    step = step if len(body) < 10_000 else 10**6
    cut = [body[start : start + step] for start in range(0, len(body), step)]
    assert await parts_of(*cut) == await parts_of(GOOD)


async def test_the_closing_boundary_may_have_white_space_behind_it() -> None:
    assert len(await parts_of(GOOD.removesuffix(b"\r\n") + b" \t \r\nmore")) == 2


@pytest.mark.parametrize("step", [1000, 10**6])
async def test_a_preamble_is_bounded_however_it_is_cut(step: int) -> None:
    body = b"x" * (MAX_PREAMBLE_BYTES + 1) + b"\r\n" + GOOD
    with pytest.raises(InvalidRequest):
        await parts_of(*[body[start : start + step] for start in range(0, len(body), step)])


@pytest.mark.parametrize(
    "part", [b'name="file"; filename="a\tb.pdf"', b'name="fi\tle"; filename="a.pdf"', b'name="file\t"']
)
async def test_a_tab_in_one_part_s_name_refuses_that_part_and_not_the_form(part: bytes) -> None:
    body = GOOD.replace(b'name="token"', part, 1)
    taken: list[str] = []
    async for found in read_parts(TYPE, arriving(body)):
        if found.refusal is not None:
            with pytest.raises(BadFile):
                await found.text()
            continue
        await found.skip()
        taken.append(found.name)
    assert taken == ["file"]


@pytest.mark.parametrize("encoding", [b"binary", b"8bit", b"7BIT"])
async def test_encodings_that_change_nothing_are_taken(encoding: bytes) -> None:
    assert len(await parts_of(with_header(b"Content-Transfer-Encoding: " + encoding))) == 2


async def test_an_extended_name_beside_a_plain_one_wins() -> None:
    body = GOOD.replace(b'filename="a.pdf"', b"filename=\"a.pdf\"; filename*=UTF-8''%C3%A4.pdf")
    assert (await parts_of(body))[1][1] == "ä.pdf"


async def test_the_last_part_ends_only_when_the_form_does() -> None:
    ended: list[str] = []

    async def take() -> None:
        async for part in read_parts(TYPE, arriving(GOOD[:100], GOOD[100:-2], b"and more")):
            await part.skip()
            ended.append(part.name)

    with pytest.raises(InvalidRequest):
        await take()
    assert ended == ["token"]


async def test_an_error_that_is_caught_does_not_turn_into_a_whole_form() -> None:
    async def carry_on() -> None:
        async for part in read_parts(TYPE, arriving(GOOD[:-20])):
            with suppress(InvalidRequest):
                await part.skip()

    with pytest.raises(InvalidRequest):
        await carry_on()


async def texts_of(body: bytes, limits: FormLimits | None = None) -> list[str]:
    return [await part.text() async for part in read_parts(TYPE, arriving(body), limits) if part.filename is None]


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (FormLimits(parts=1), InvalidRequest),
        (FormLimits(headers=1), InvalidRequest),
        (FormLimits(header_bytes=40), InvalidRequest),
        (FormLimits(text_bytes=5), TooLarge),
    ],
)
async def test_a_form_over_a_limit_is_refused(limits: FormLimits, error: type[SatchelError]) -> None:
    with pytest.raises(error):
        await texts_of(GOOD, limits)


async def test_a_text_field_is_utf8() -> None:
    assert await texts_of(GOOD.replace(b"secret", "geheim ß".encode())) == ["geheim ß"]
    with pytest.raises(InvalidRequest):
        await texts_of(GOOD.replace(b"secret", b"\xff"))
