"""Sends the bytes of a file that an actor may fetch: whole or a range, by ourselves or by the proxy in front."""

from contextlib import aclosing
from dataclasses import replace

from satchel.actions.files import attached
from satchel.actions.files.attached import Content, StoredBytes
from satchel.blobs.store import PathStore
from satchel.model.actor import Actor
from satchel.model.transfer.media_tables import PLAIN_TEXT
from satchel.surfaces.kit.downloads import Headers, Plan, plan, send_download
from satchel.surfaces.kit.exchange import Exchange

SIGNATURE_BYTES = 512
"""How many first bytes are looked at before a file is shown rather than saved."""
TEXT_BYTES = 64 * 1024
"""How many first bytes of plain text are looked at before a charset is claimed."""


async def send_content(
    exchange: Exchange,
    actor: Actor,
    what: StoredBytes,
    *,
    wants_inline: bool,
    is_event: bool = True,
    more_headers: Headers = (),
) -> None:
    """Answer a request with a file's bytes; a POST is answered as a GET is.

    Args:
        exchange: the request; its Range and conditions count.
        actor: who fetches.
        what: from `satchel.actions.files.attached`.
        wants_inline: whether it may be shown, if its type allows that.
        is_event: whether the history notes it, if it is a file.
        more_headers: of a surface's own.
    """
    context = exchange.context
    method = "HEAD" if exchange.method == "HEAD" else "GET"
    head = b""
    is_text = what.media_type == PLAIN_TEXT
    if (wants_inline or is_text) and what.size_bytes:
        wanted = min(TEXT_BYTES if is_text else SIGNATURE_BYTES, what.size_bytes)
        async with aclosing(attached.open_bytes(context, actor, what, 0, wanted)) as chunks:
            async for chunk in chunks:
                head += chunk
    answer = plan(
        method=method,
        size=what.size_bytes,
        etag=f'"{what.digest}"',
        media_type=what.media_type,
        name=what.name,
        head=head,
        wants_inline=wants_inline,
        range_header=exchange.header("range"),
        if_range=exchange.header("if-range"),
        if_match=exchange.header("if-match"),
        if_none_match=exchange.header("if-none-match"),
    )
    answer = replace(answer, headers=(*answer.headers, *more_headers))
    if is_event and isinstance(what, Content) and method == "GET" and answer.status != 304:  # noqa: PLR2004  # Not Modified
        await attached.note_download(context, actor, what.file)
    prefix, store = exchange.parts.x_accel_prefix, context.blobs
    if prefix is not None and isinstance(store, PathStore) and method == "GET" and answer.status != 304:  # noqa: PLR2004  # same
        path = store.path(actor.account_id, what.digest)
        await _hand_over(exchange, answer, f"{prefix.rstrip('/')}/{path.relative_to(path.parents[2]).as_posix()}")
        return
    chunks_to_send = None
    if answer.start < answer.stop:
        chunks_to_send = attached.open_bytes(context, actor, what, answer.start, answer.stop)
    await send_download(exchange.receive, exchange.send, answer, chunks_to_send)


async def _hand_over(exchange: Exchange, answer: Plan, inner: str) -> None:
    """Have the proxy in front send the bytes; it sees to ranges and lengths by itself."""
    skipped = {"content-length", "content-range", "accept-ranges"}
    headers = [(name, value) for name, value in answer.headers if name.lower() not in skipped]
    handed = Plan(status=200, headers=(*headers, ("X-Accel-Redirect", inner)), start=0, stop=0)
    await send_download(exchange.receive, exchange.send, handed, None)
