"""Benchmarks of notifications: written for groups, sent by one worker to a mail server, due by thousands at once."""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from satchel.actions import mail_servers
from satchel.actions.apps import deploying
from satchel.actions.context import Context
from satchel.actions.identity import accounts, credentials
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.notifications import reminders
from satchel.db.embedded.cluster import remove_database
from satchel.main import Opening, open_context
from satchel.model.actor import Actor, Right, system
from satchel.model.ids import AccountId
from satchel.model.mail import MailServer
from satchel.settings import read_settings

GROUPS = 20
PATIENCE_S = 900
APP = """code: {code}
name: Asks people
fields: []
start: {{fields: {{}}}}
tasks: {{a: {{assign: {{group: {group}}}, due: P1D, notify: {{offered: {offered}}}}}}}
"""
BPMN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p" isExecutable="true">
<startEvent id="s"/><userTask id="a" name="Answer"/><endEvent id="e"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e"/></process>
</definitions>
"""
PEOPLE = (
    "WITH made AS (INSERT INTO users (account_id, email, name, time_zone, locale, created_at)"
    " SELECT %(account)s, 'u' || n || '@bench.example', 'User ' || n, 'Europe/Berlin', 'en', now()"
    " FROM generate_series(1, %(count)s) n RETURNING id)"
    " INSERT INTO group_members (account_id, group_id, user_id)"
    " SELECT %(account)s, g.id, m.id FROM (SELECT id, row_number() OVER () AS place FROM made) m"
    " JOIN groups g ON g.account_id = %(account)s AND g.name = 'g' || (m.place %% %(groups)s)"
)
COPIES = (
    "INSERT INTO tasks (account_id, instance_id, app_id, version_id, element, token, name, variables, state, holder_id,"
    " group_id, due_at, reminder, remind_at, opened_at) SELECT account_id, instance_id, app_id, version_id, element,"
    " 'copy' || n, name, variables, 'assigned', %s, NULL, now(), 'overdue', now(), opened_at"
    " FROM (SELECT * FROM tasks ORDER BY id LIMIT 1) t, generate_series(1, %s) n"
)


@dataclass
class Sink:
    """A mail server that takes everything, and counts it."""

    port: int = 0
    mails: int = 0
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client."""
        self.connections += 1
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.mails += 1
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()


async def told(folder: Path, options: argparse.Namespace) -> list[str]:
    """Notify many people, beside no server."""
    data = folder / "notifications"
    settings = read_settings({}, data_directory=data)
    try:
        async with open_context(settings, Opening.CREATE) as context:
            return await _measured(context, data, options.notifications)
    finally:
        remove_database(data)


async def _measured(context: Context, data: Path, count: int) -> list[str]:
    actor = await _account(context, count)
    sink = Sink()
    async with await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=2**20) as server:
        sink.port = server.sockets[0].getsockname()[1]
        mail = MailServer(security="smtp", host="127.0.0.1", port=sink.port, user=None, password="")
        await mail_servers.put(context, actor, mail, "flow@bench.example")
        silent_ms = await _starts(context, actor, "S")
        begun = time.perf_counter()
        notified_ms = await _starts(context, actor, "N")
        written_s = time.perf_counter() - begun
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        sent_s = await _sent(data, sink, count)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        connections = sink.connections
    overdue_s, rows = await _overdue(context, actor, count)
    people = f"{GROUPS} starts, {count // GROUPS} people each"
    starting = f"{sent_s:.1f} s and {spent_s / count * 1000:.1f} ms of its processor time each, with its start"
    return [
        f"{count / written_s:8.0f} notifications/s written by {people}",
        f"{notified_ms:8.1f} ms for such a start; {silent_ms:.1f} ms where nobody is notified",
        f"{count / sent_s:8.0f} mails/s by one worker to a server on loopback, {starting}, {connections} connections",
        f"{count / overdue_s:8.0f} overdue tasks/s of one person: {overdue_s:.2f} s, {rows} notifications",
    ]


async def _account(context: Context, count: int) -> Actor:
    """Make the people, and an app for each group that notifies, and one that does not."""
    account = await accounts.create_account(context, "bench", quota_bytes=None)
    root = system(account)
    number = await accounts.create_user(context, root, email="admin@bench.example", name="Admin")
    group = await accounts.create_group(context, root, "admins")
    await accounts.grant(context, root, group, Right.ADMIN, app=None)
    await accounts.set_member(context, root, group, number, is_member=True)
    for place in range(GROUPS):
        await accounts.create_group(context, root, f"g{place}")
    async with context.database.write() as tx:
        await tx.execute(PEOPLE, {"account": AccountId(account), "count": count, "groups": GROUPS})
    async with context.database.read() as tx:
        actor = await credentials.actor_of(tx, account, number)
    assert actor is not None
    for place in range(GROUPS):
        for kind, offered in (("S", "none"), ("N", "at_once")):
            text = APP.format(code=f"{kind}{place}", group=f"g{place}", offered=offered)
            await deploying.deploy(context, actor, {"app.yaml": text.encode(), "process.bpmn": BPMN.encode()})
    return actor


async def _starts(context: Context, actor: Actor, kind: str) -> float:
    """Start one instance for each group and return the milliseconds of one."""
    begun = time.perf_counter()
    for place in range(GROUPS):
        await lifecycle.start(context, actor, f"{kind}{place}", Submission())
    return (time.perf_counter() - begun) / GROUPS * 1000


async def _sent(data: Path, sink: Sink, count: int) -> float:
    """Have a worker send what waits; return the seconds."""
    environment = {**os.environ, "SATCHEL_DATA_DIRECTORY": str(data), "SATCHEL_LOG_LEVEL": "warning"}  # noqa: TID251  # handed on to a child process
    with (data / "worker.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  # it starts at once
            [sys.executable, "-m", "satchel", "worker"], stdout=log, stderr=log, env=environment
        )
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while sink.mails < count:
                if process.poll() is not None:
                    raise RuntimeError((data / "worker.log").read_text())
                await asyncio.sleep(0.02)
        return time.perf_counter() - begun
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


async def _overdue(context: Context, actor: Actor, count: int) -> tuple[float, int]:
    """Make many tasks of one person overdue; return the seconds until all are notified of, and the notifications."""
    async with context.database.write() as tx:
        await tx.execute(COPIES, (actor.user_id, count))
    begun = time.perf_counter()
    while await reminders.remind(context):
        pass
    seconds = time.perf_counter() - begun
    async with context.database.read() as tx:
        rows = await tx.value(int, "SELECT count(*) FROM notifications WHERE kind = 'overdue'")
    return seconds, rows or 0
