"""Signed links: short-lived, tied to their issuer's right."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest

from satchel.actions.files import attached, links
from satchel.actions.identity import accounts
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor, Right
from satchel.model.errors import Forbidden, Gone, InvalidRequest, NotFound
from satchel.model.ids import FileId, TaskId
from world import TEXT, World


@pytest.fixture
async def held(world: World, clerk: Actor, task: TaskId) -> FileId:
    """A file in the field `any` of the task's instance."""
    number = await world.upload(clerk, task=task, field="any")
    await tasks.save(world.context, clerk, task, Submission(values={"any": [number]}))
    return FileId(number)


async def test_a_link_gives_the_bytes_in_the_name_of_its_issuer_until_it_expires(
    world: World, viewer: Actor, held: FileId
) -> None:
    link = await links.issue(world.context, viewer, held, disposition="inline")

    opened = await links.open_link(world.context, link.token)
    assert (opened.actor.user_id, opened.disposition) == (viewer.user_id, "inline")
    sent = b"".join([chunk async for chunk in attached.open_bytes(world.context, opened.actor, opened.content)])
    assert sent == TEXT

    world.clock.advance(timedelta(minutes=5) - timedelta(seconds=1))
    await links.open_link(world.context, link.token)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(Gone):
        await links.open_link(world.context, link.token)


async def test_every_link_is_a_new_one(world: World, viewer: Actor, held: FileId) -> None:
    first = await links.issue(world.context, viewer, held)
    assert first.token != (await links.issue(world.context, viewer, held)).token


async def test_links_to_what_was_shown_are_checked_when_they_are_used(
    world: World, clerk: Actor, viewer: Actor, stranger: Actor, held: FileId
) -> None:
    file = await attached.read(world.context, clerk, held)
    good = (await links.issue_shown(world.context, viewer, [file]))[held]
    again = (await links.issue_shown(world.context, viewer, [file]))[held]
    assert good.token != again.token
    opened = (await links.open_link(world.context, good.token)).content
    assert isinstance(opened, attached.Content)
    assert opened.file.id == held
    theirs = (await links.issue_shown(world.context, stranger, [file]))[held]
    with pytest.raises(Gone):
        await links.open_link(world.context, theirs.token)


async def test_no_byte_of_a_link_can_be_changed(world: World, viewer: Actor, held: FileId) -> None:
    token = (await links.issue(world.context, viewer, held)).token
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for position in range(len(raw)):
        changed = bytes([*raw[:position], raw[position] ^ 1, *raw[position + 1 :]])
        with pytest.raises(Forbidden):
            await links.open_link(world.context, urlsafe_b64encode(changed).rstrip(b"=").decode())


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "é", "\0", "A" * 4000, "____", "=" * 8])
async def test_nonsense_is_no_link(world: World, token: str) -> None:
    with pytest.raises(Forbidden):
        await links.open_link(world.context, token)


async def test_a_link_ends_with_its_file(world: World, clerk: Actor, viewer: Actor, held: FileId) -> None:
    link = await links.issue(world.context, viewer, held)
    await attached.delete(world.context, clerk, held)
    with pytest.raises(Gone):
        await links.open_link(world.context, link.token)
    with pytest.raises(Gone):
        await links.issue(world.context, viewer, held)


async def test_a_link_ends_with_its_issuers_right(world: World, viewer: Actor, held: FileId) -> None:
    link = await links.issue(world.context, viewer, held)
    await accounts.grant(world.context, world.admin, world.groups["viewers"], Right.VIEW, app=None, is_granted=False)
    with pytest.raises(Gone):
        await links.open_link(world.context, link.token)


@pytest.mark.parametrize("erase", [True, False])
async def test_a_link_ends_with_its_issuer(world: World, viewer: Actor, held: FileId, *, erase: bool) -> None:
    link = await links.issue(world.context, viewer, held)
    await accounts.end_user(world.context, world.admin, world.people["viewer"], erase=erase)
    with pytest.raises(Gone):
        await links.open_link(world.context, link.token)


async def test_a_new_signing_key_ends_every_link(world: World, viewer: Actor, held: FileId) -> None:
    link = await links.issue(world.context, viewer, held)
    await links.rotate_key(world.context)
    with pytest.raises(Forbidden):
        await links.open_link(world.context, link.token)
    await links.open_link(world.context, (await links.issue(world.context, viewer, held)).token)


async def test_links_are_issued_to_those_who_may_see_the_file_within_bounds(
    world: World, viewer: Actor, stranger: Actor, held: FileId
) -> None:
    for actor in (stranger, world.rival):
        with pytest.raises(NotFound):
            await links.issue(world.context, actor, held)
    with pytest.raises(InvalidRequest):
        await links.issue(world.context, viewer, held, disposition="other")
    for seconds in (0, 8 * 24 * 3600):
        with pytest.raises(InvalidRequest):
            await links.issue(world.context, viewer, held, lifetime_s=seconds)
    link = await links.issue(world.context, viewer, held, lifetime_s=1)
    assert link.expires_at == world.clock() + timedelta(seconds=1)
