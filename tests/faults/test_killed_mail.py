"""kill -9 of a worker while the mail server has a mail and has not said so: nobody gets a mail twice, and none is lost
that was not on its way."""

from dataclasses import replace
from pathlib import Path

from mailbox_server import open_mailbox
from notified import deploy_ask
from satchel.main import system_clock
from workers import open_workers, until
from world import open_world


async def test_a_killed_worker_sends_no_mail_twice(populated_database: str, tmp_path: Path) -> None:
    async with open_world(populated_database, tmp_path) as world, open_mailbox() as mailbox:
        world.context = replace(world.context, clock=system_clock)  # the workers' too
        for name in ("ada", "bob"):
            await world.add_person(name, groups=["technicians"])
        await world.set_member("technicians", "clerk", is_member=False)
        await deploy_ask(world, assign={"group": "technicians"}, notify={"offered": "at_once"})
        mailbox.holds["ada@acme.example"] = "data"
        port = mailbox.server.port
        settings = {"smtp_url": f"smtp://127.0.0.1:{port}", "worker_silence_s": 3}

        async def is_done() -> bool:
            return await world.rows("SELECT FROM mailings WHERE ended_at IS NULL") == []

        async with open_workers(world, tmp_path, port, settings) as workers:
            first = await workers.start()
            await world.start(await world.actor("clerk"), "ASK", subject="Desk")
            await mailbox.arrived.wait()
            workers.kill(first)
            await workers.start()
            await until(is_done, "the mails of a killed worker were left")

        assert [to for (to,), _ in mailbox.taken] == ["ada@acme.example", "bob@acme.example"]
        ended = await world.rows("SELECT state, reason FROM mailings ORDER BY id")
        assert ended == [("unknown", "worker_died"), ("sent", None)]
