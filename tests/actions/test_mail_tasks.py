"""Service tasks of kind `mail` against a real mail server on loopback."""

from dataclasses import replace
from datetime import timedelta

import pytest

from calling import attempts, deploy_task, incident
from mailbox_server import Mailbox
from satchel.actions.files import links
from satchel.model.actor import Actor
from world import PDF, TEXT, World

TASK = {"kind": "mail", "to": "{{ name }}", "subject": "About {{ identifier }}\u00e9", "text": "Dear all,\nsee below."}


async def test_a_mail_carries_files_and_addresses_of_files(world: World, clerk: Actor, mailbox: Mailbox) -> None:
    await deploy_task(world, **TASK, attach=["doc"], link=["more"])
    doc = await world.upload(clerk, PDF, name="\u00fcber.pdf", field="doc", app="RST")
    more = await world.upload(clerk, TEXT, name="b c.txt", field="more", app="RST")
    source = await world.start(clerk, "RST", name="a@example.com, b@example.com", doc=doc, more=[more])

    await world.perform(source)

    ((to, message),) = mailbox.taken
    assert to == ["a@example.com", "b@example.com"]
    assert message["Subject"] == "About RST-1\u00e9"
    body = message.get_body()
    assert body is not None
    first, *rest = body.get_content().splitlines()
    assert first == "Dear all,"
    token = rest[-1].partition("/api/v1/links/")[2].partition("/")[0]
    opened = await links.open_link(world.context, token)
    assert opened.content.name == "b c.txt"
    (part,) = message.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("\u00fcber.pdf", PDF)
    (made,) = await attempts(world, source)
    assert made.details["to"] == ["a@example.com", "b@example.com"]
    assert made.details["files_sent"] == [doc]
    assert (await world.open_task(source)).element == "u"


@pytest.mark.parametrize(
    ("name", "said"), [("nobody", "'nobody' is no e-mail address"), ("a@b.example Bcc: x@y.example", "no e-mail")]
)
async def test_a_mail_to_what_is_no_address_goes_to_nobody(
    world: World, clerk: Actor, mailbox: Mailbox, name: str, said: str
) -> None:
    await deploy_task(world, **TASK)
    source = await world.start(clerk, "RST", name=name)

    await world.perform(source)

    assert mailbox.taken == []
    assert said in await incident(world, source)


@pytest.mark.parametrize(("answer", "state"), [("451 later", "waiting"), ("550 never", "stopped")])
async def test_a_mail_that_is_refused_for_now_is_tried_again(
    world: World, clerk: Actor, mailbox: Mailbox, answer: str, state: str
) -> None:
    await deploy_task(world, **TASK)
    mailbox.refusals.append(answer)
    source = await world.start(clerk, "RST", name="a@example.com")

    await world.perform(source)

    assert mailbox.taken == []
    assert (await attempts(world, source))[0].reason == "mail"
    if state == "waiting":
        world.clock.advance(timedelta(minutes=1))
        await world.perform(source)
        assert len(mailbox.taken) == 1
    else:
        assert "SMTP 550" in await incident(world, source)


async def test_files_that_make_a_mail_too_large_are_not_read(world: World, clerk: Actor, mailbox: Mailbox) -> None:
    world.context = replace(world.context, policy=replace(world.context.policy, mail_bytes=100_000))
    await deploy_task(world, **TASK, attach=["doc"])
    doc = await world.upload(clerk, b"x" * 80_000, name="a.txt", field="doc", app="RST")
    source = await world.start(clerk, "RST", name="a@example.com", doc=doc)

    await world.perform(source)

    assert mailbox.taken == []
    assert "100000 are allowed" in await incident(world, source)


async def test_a_server_without_a_mail_server_says_so(world: World, clerk: Actor) -> None:
    await deploy_task(world, **TASK)
    source = await world.start(clerk, "RST", name="a@example.com")

    await world.perform(source)

    assert "SATCHEL_SMTP_URL" in await incident(world, source)
