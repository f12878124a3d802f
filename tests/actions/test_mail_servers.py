"""The mail server of an account, which its mail goes through instead of the one that all accounts share."""

from dataclasses import replace

import pytest

from calling import attempts, deploy_task
from mailbox_server import Mailbox, open_mailbox
from satchel.actions import mail_servers
from satchel.model.actor import Actor
from satchel.model.errors import InvalidValues
from satchel.outbound.failure import CallFailed
from world import World


async def test_an_account_sends_by_its_own_mail_server_once_it_has_one(
    world: World, clerk: Actor, mailbox: Mailbox
) -> None:
    await deploy_task(world, kind="mail", to="a@example.com", subject="s", text="t")
    async with open_mailbox() as own:
        server = replace(own.server, user="acme", password="wide open door")
        await mail_servers.put(world.context, world.admin, server, "Acme <flow@acme.example>")
        kept = await mail_servers.mailer(world.context, world.account)
        await mail_servers.put(world.context, world.admin, own.server, "Acme <flow@acme.example>")
        tested = await mail_servers.send_test(world.context, world.account, "ops@acme.example")
        source = await world.start(clerk, "RST")
        await world.perform(source)
        await mail_servers.delete(world.context, world.admin)
        await mail_servers.send_test(world.context, world.account, "ops@acme.example")

    assert kept is not None
    assert (kept.server.password, kept.is_own) == ("wide open door", True)
    assert tested.server.port == own.server.port
    assert own.subjects == {"ops@acme.example": ["Satchel can send mail"], "a@example.com": ["s"]}
    assert own.letter("a@example.com")["From"] == "Acme <flow@acme.example>"
    assert mailbox.subjects == {"ops@acme.example": ["Satchel can send mail"]}
    assert (await attempts(world, source))[0].details["url"] == f"smtp://127.0.0.1:{own.server.port}"


async def test_a_test_of_a_mail_server_says_what_is_wrong(world: World, mailbox: Mailbox) -> None:
    with pytest.raises(InvalidValues, match="to"):
        await mail_servers.send_test(world.context, world.account, "ops@acme.example, x@y.example")
    mailbox.refusals.append("550 no such mailbox")
    with pytest.raises(CallFailed, match="SMTP 550"):
        await mail_servers.send_test(world.context, world.account, "ops@acme.example")
    world.context = replace(world.context, mail_server=None)
    with pytest.raises(CallFailed, match="satchel admin mail"):
        await mail_servers.send_test(world.context, world.account, "ops@acme.example")
