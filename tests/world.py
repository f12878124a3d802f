"""A small world for tests of actions: two accounts, people with different rights, apps, and a store.

Everything in it is real but time and chance, which a test holds in its hands.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from argon2 import PasswordHasher

import leaks
from clock import ManualClock, SeededEntropy
from engine_bpmn import simple, user
from memory_blobs import MemoryBlobs
from satchel.actions.apps import deploying
from satchel.actions.calls import attempts
from satchel.actions.context import Context
from satchel.actions.files import intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import Ticket, UploadRequest
from satchel.actions.identity import accounts, ceilings, credentials
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.loading import LoadedApps
from satchel.actions.passwords import Passwords
from satchel.actions.vault import Vault
from satchel.blobs.local import LocalBlobs
from satchel.blobs.store import BlobStore
from satchel.db import accounts as account_rows
from satchel.db import calls as call_rows
from satchel.db import storage as storage_rows
from satchel.db.keys import ensure_key
from satchel.db.pool import OF_JOBS, Database, Waits
from satchel.db.storage import Storage
from satchel.model.actor import Actor, Right, system
from satchel.model.digest import Digest
from satchel.model.errors import InvalidValues
from satchel.model.files import File
from satchel.model.ids import AccountId, Entropy, FieldId, GroupId, InstanceId, TaskId, UploadId, UserId
from satchel.model.instance import Task
from satchel.model.policy import Policy
from satchel.model.uploads import Upload
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from satchel.queue.enqueue import Queue

EXAMPLES = Path(__file__).parent.parent / "examples"

KIBIBYTE = 1024
QUOTA = 10 * 1024 * KIBIBYTE

RIGHTS: Mapping[str, Sequence[Right]] = {
    "clerks": (Right.START, Right.VIEW, Right.MODIFY, Right.DELETE),
    "managers": (Right.MANAGE, Right.VIEW),
    "viewers": (Right.VIEW,),
    "buyers": (),
    "administration": (),
    "technicians": (),
}
"""What each group may do with every app."""

PEOPLE: Mapping[str, Sequence[str]] = {
    "clerk": ("clerks", "administration", "technicians"),
    "manager": ("managers",),
    "buyer": ("buyers",),
    "viewer": ("viewers",),
    "stranger": (),
}
"""The groups that each person is in, besides the administrator of each account."""

VAULT_KEY = bytes(range(32))
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""The same function as the server's at a thousandth of its cost, which is 0.1 s for each password."""

PASSWORD = "correct horse battery"
TEXT = b"Plain text of one line.\n"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


@dataclass(slots=True, kw_only=True)
class World:
    """The parts, and short ways to do the usual things with them."""

    context: Context
    clock: ManualClock
    account: AccountId
    other_account: AccountId
    admin: Actor
    rival: Actor
    people: dict[str, UserId] = field(default_factory=dict)
    groups: dict[str, GroupId] = field(default_factory=dict)

    async def actor(self, name: str) -> Actor:
        """Return a person with the rights of this moment."""
        return await self.actor_of(self.people[name])

    async def actor_of(self, number: UserId) -> Actor:
        """Return a user of the first account with the rights of this moment."""
        async with self.context.database.read() as tx:
            found = await credentials.actor_of(tx, self.account, number)
        assert found is not None
        return found

    async def add_person(self, name: str, *rights: Right, groups: Sequence[str] = ()) -> Actor:
        """Add a person with rights for every app, by a group of their own, and in some of the groups that there are."""
        email = f"{name}@acme.example"
        self.people[name] = await accounts.create_user(self.context, self.admin, email=email, name=name.capitalize())
        self.groups[name] = await accounts.create_group(self.context, self.admin, name)
        for right in rights:
            await accounts.grant(self.context, self.admin, self.groups[name], right, app=None)
        for group in (name, *groups):
            await self.set_member(group, name, is_member=True)
        return await self.actor(name)

    async def set_member(self, group: str, person: str, *, is_member: bool) -> None:
        """Put a person into a group, or take them out of it."""
        known = self.groups[group], self.people[person]
        await accounts.set_member(self.context, self.admin, *known, is_member=is_member)

    async def deploy_example(self, name: str) -> str:
        """Deploy one of the examples and return its code."""
        folder = EXAMPLES / name
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return (await deploying.deploy(self.context, self.admin, files)).code

    async def deploy(self, bundle: Mapping[str, bytes]) -> str:
        """Deploy a bundle and return its code."""
        return (await deploying.deploy(self.context, self.admin, bundle)).code

    async def start(self, actor: Actor, code: str, **values: object) -> InstanceId:
        """Start an instance."""
        return (await lifecycle.start(self.context, actor, code, Submission(values=values))).instance.id

    async def ask(self, actor: Actor, *, size: int, field: str | None = None, **asked: object) -> Ticket:
        """Ask for a ticket."""
        place = FieldId(field) if field is not None else None
        return await tickets.reserve(self.context, actor, UploadRequest(size_bytes=size, field=place, **asked))  # type: ignore[arg-type]  # as UploadRequest declares

    async def find(self, ticket: Ticket) -> Upload:
        """Return a ticket's row."""
        return await tickets.find(self.context, ticket.id, token=ticket.token, actor=None)

    async def fill(self, ticket: Ticket, data: bytes, *, name: str | None = None) -> Upload:
        """Send a ticket's bytes."""
        upload = await self.find(ticket)
        return await intake.receive(self.context, upload, chunks(data), Arrival(name=name))

    async def upload(
        self, actor: Actor, data: bytes = TEXT, *, name: str = "note.txt", field: str | None = None, **asked: object
    ) -> int:
        """Ask for a ticket, send its bytes and return its number, ready to be named in a form."""
        ticket = await self.ask(actor, size=len(data), field=field, name=name, **asked)
        return int((await self.fill(ticket, data)).id)

    async def open_task(self, instance: InstanceId, element: str | None = None) -> Task:
        """Return the one open task of an instance (at an element)."""
        view = await lifecycle.read(self.context, self.admin, instance)
        found = [task for task in view.tasks if task.is_open and (element is None or task.element == element)]
        assert len(found) == 1, [(task.element, task.state) for task in view.tasks]
        return found[0]

    async def take_task(self, actor: Actor, instance: InstanceId, element: str | None = None) -> TaskId:
        """Claim the open task of an instance."""
        task = await self.open_task(instance, element)
        await tasks.claim(self.context, actor, task.id)
        return task.id

    async def complete(
        self,
        actor: Actor,
        instance: InstanceId,
        element: str | None = None,
        *,
        outcome: str | None = None,
        **values: object,
    ) -> None:
        """Claim and complete the open task of an instance."""
        task = await self.take_task(actor, instance, element)
        await tasks.complete(self.context, actor, task, Submission(values=values), outcome=outcome)

    async def perform(self, instance: InstanceId) -> None:
        """Make the next attempt of the service task that an instance waits for."""
        async with self.context.database.read() as tx:
            waiting = [call for call in await call_rows.calls(tx, self.account, instance) if call.state == "waiting"]
        assert len(waiting) == 1
        await attempts.perform(self.context, self.account, waiting[0].id, waiting[0].attempt + 1)

    async def files(self, instance: InstanceId) -> list[File]:
        """Return the files of an instance."""
        return (await lifecycle.read(self.context, self.admin, instance)).files

    async def kinds(self, instance: InstanceId) -> list[str]:
        """Return the kinds of an instance's events, oldest first."""
        found = await lifecycle.history(self.context, self.admin, instance, after=0, limit=1000)
        return [event.kind for event in found]

    async def storage(self) -> Storage:
        """Return the first account's three numbers."""
        async with self.context.database.read() as tx:
            return await storage_rows.storage(tx, self.account)

    async def drift(self) -> list[tuple[int, int, str]]:
        """Return where the counted bytes differ from what they add up to."""
        async with self.context.database.read() as tx:
            return await storage_rows.drift(tx, self.account)

    def upload_id(self, number: int) -> UploadId:
        """Return a number as an upload's."""
        return UploadId(number)

    async def rows(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Run a query of the test's own."""
        async with self.context.database.read() as tx:
            return await tx.pairs(query, parameters)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    """Give pieces as a body."""
    for piece in pieces:
        yield piece


def sha256(data: bytes) -> Digest:
    """Return the digest of bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


def faults_of(error: InvalidValues) -> list[tuple[str, str]]:
    """Return what was refused as (field, code)."""
    return [(fault.field, fault.code) for fault in error.faults]


def bundle(manifest: Mapping[str, object], process: bytes | None = None) -> dict[str, bytes]:
    """Return a bundle of a manifest (name and start form may be left out) and a process (by default one task `a`)."""
    whole = {"name": f"App {manifest['code']}", "start": {}, "fields": [], **manifest}
    return {"app.yaml": json.dumps(whole).encode(), "process.bpmn": process or simple(user("a"))}


def fields(*declared: Mapping[str, object]) -> list[dict[str, object]]:
    """Return field declarations numbered from 1, labelled by their ids."""
    return [{"number": number, "label": str(one["id"]), **one} for number, one in enumerate(declared, start=1)]


@asynccontextmanager
async def open_world(
    dsn: str,
    folder: Path,
    *,
    blobs: BlobStore | None = None,
    policy: Policy | None = None,
    quota_bytes: int = QUOTA,
    max_connections: int = 16,
    waits: Waits = OF_JOBS,
) -> AsyncIterator[World]:
    """Open the world that `populate` put into a database, with a local store in a folder."""
    clock = ManualClock()
    if blobs is None:
        local = LocalBlobs(folder / "blobs", clock=clock)
        local.prepare()
        blobs = local
    async with Database(dsn, max_connections=max_connections, waits=waits) as database:
        context = Context(
            database=database,
            blobs=blobs,
            clock=clock,
            entropy=SeededEntropy(),
            policy=policy or Policy(),
            apps=LoadedApps(),
            queue=Queue(),
            http=HttpClient(Guard()),
            vault=WatchedVault(VAULT_KEY),
            passwords=CHEAP,
        )
        async with database.read() as tx:
            known = {account.name: account.id for account in await account_rows.all_accounts(tx)}
        world = World(
            context=context,
            clock=clock,
            account=known["Acme"],
            other_account=known["Rival"],
            admin=await _by_email(context, "admin@acme.example"),
            rival=await _by_email(context, "admin@rival.example"),
        )
        for person in await accounts.users(context, world.admin, after=0, limit=50):
            world.people[person.name.lower()] = person.id
        for group in (await accounts.people(context, world.admin)).groups:
            world.groups[group.name] = group.id
        if quota_bytes != QUOTA:
            await ceilings.set_ceiling(context, world.account, quota_bytes)
        yield world
        await _search(context)


class WatchedVault(Vault):
    """A vault whose secrets are searched for in whatever is kept or told."""

    def seal(self, account: AccountId, name: str, value: str, entropy: Entropy) -> bytes:
        """Seal a value, and note it."""
        leaks.note(value)
        return super().seal(account, name, value, entropy)


async def _search(context: Context) -> None:
    for bearer in context.vault.bearers.values():
        leaks.note(bearer.token)
    if leaks.is_anything_noted():
        assert await leaks.search(context.database) == [], "a table holds a secret"


async def _by_email(context: Context, email: str) -> Actor:
    async with context.database.read() as tx:
        (person,) = await account_rows.users_signing_in(tx, [email])
        found = await credentials.actor_of(tx, person.account_id, person.id)
    assert found is not None
    return found


async def populate(dsn: str) -> None:
    """Put the accounts, people, groups and rights into an empty database."""
    clock = ManualClock()
    async with Database(dsn) as database:
        context = Context(
            database=database,
            blobs=MemoryBlobs(clock=clock),
            clock=clock,
            entropy=SeededEntropy(0),
            policy=Policy(),
            apps=LoadedApps(),
            queue=Queue(),
            http=HttpClient(Guard()),
            vault=WatchedVault(VAULT_KEY),
            passwords=CHEAP,
        )
        async with database.write() as tx:
            await ensure_key(tx, context.entropy(32), clock())
        account = await accounts.create_account(context, "Acme", quota_bytes=QUOTA)
        other = await accounts.create_account(context, "Rival", quota_bytes=QUOTA)
        await _administrator(context, other, "admin@rival.example")
        await _administrator(context, account, "admin@acme.example")
        await _people(context, await _by_email(context, "admin@acme.example"))


async def _administrator(context: Context, account: AccountId, email: str) -> None:
    root = system(account)
    number = await accounts.create_user(context, root, email=email, name="Admin")
    group = await accounts.create_group(context, root, "admins")
    await accounts.grant(context, root, group, Right.ADMIN, app=None)
    await accounts.set_member(context, root, group, number, is_member=True)


async def _people(context: Context, admin: Actor) -> None:
    known: dict[str, GroupId] = {}
    for name, rights in RIGHTS.items():
        known[name] = await accounts.create_group(context, admin, name)
        for right in rights:
            await accounts.grant(context, admin, known[name], right, app=None)
    for name, groups in PEOPLE.items():
        number = await accounts.create_user(context, admin, email=f"{name}@acme.example", name=name.capitalize())
        for group in groups:
            await accounts.set_member(context, admin, known[group], number, is_member=True)


MINUTE = timedelta(minutes=1)
