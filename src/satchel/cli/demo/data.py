"""Fills a new server with the demo's people, apps, instances and files, with the same actions that serve requests."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from satchel.actions.apps import deploying
from satchel.actions.calls import attempts, by_hand
from satchel.actions.context import Context
from satchel.actions.files import attached, intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.identity import accounts, credentials
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.cli.demo import surfaces
from satchel.cli.demo.receiver import RECEIVER_PORT
from satchel.cli.demo.samples import SAMPLES, example_bundles
from satchel.model.actor import APP_RIGHTS, Actor, Right, system
from satchel.model.chunks import once
from satchel.model.errors import Unauthenticated
from satchel.model.files import FileKind
from satchel.model.ids import AccountId, FieldId, InstanceId, TaskId, UserId

ACCOUNT = "demo"
PASSWORD_BYTES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the demo's users: their group and its rights, by app code (None: every app)."""

    key: str
    name: str
    group: str
    what: str
    rights: Mapping[str | None, Sequence[Right]]


PEOPLE = (
    Person(
        key="admin",
        name="Ada Admin",
        group="administrators",
        what="administers the account and may do everything",
        rights={None: [Right.ADMIN]},
    ),
    Person(
        key="buyer",
        name="Bela Buyer",
        group="buyers",
        what="proposes and evaluates products (EVA)",
        rights={"EVA": [Right.START, Right.VIEW, Right.MODIFY]},
    ),
    Person(
        key="clerk",
        name="Cleo Clerk",
        group="administration",
        what="works on purchase requests (PUR), reads their catalogs, sees no others",
        rights={"PUR": [Right.START]},
    ),
    Person(
        key="technician",
        name="Theo Technician",
        group="technicians",
        what="visits sites (FLD) and collects files (COL)",
        rights={"FLD": [Right.START], "COL": [Right.START, Right.VIEW, Right.MODIFY]},
    ),
    Person(
        key="archivist",
        name="Arne Archivist",
        group="archivists",
        what="reads and exports every app, changes nothing",
        rights={None: [Right.VIEW, Right.EXPORT]},
    ),
    Person(
        key="integrator",
        name="Ines Integrator",
        group="integrators",
        what="a program's user: everything but administering the account",
        rights={None: list(APP_RIGHTS)},
    ),
)


@dataclass(slots=True)
class Stage:
    """The demo while it is filled: its context and its actors by key."""

    context: Context
    actors: dict[str, Actor] = field(default_factory=dict)

    async def upload(self, who: str, field: str, sample: str, **target: object) -> int:
        """Upload a sample file for a field and return its number."""
        data = SAMPLES[sample]()
        actor = self.actors[who]
        name = sample
        request = UploadRequest(size_bytes=len(data), field=FieldId(field), name=name, **target)  # type: ignore[arg-type]  # a target
        ticket = await tickets.reserve(self.context, actor, request)
        upload = await tickets.find(self.context, ticket.id, token=ticket.token, actor=None)
        await intake.receive(self.context, upload, once(data), Arrival(), declared_length=len(data))
        return int(ticket.id)

    async def start(
        self, who: str, app: str, values: Mapping[str, object], uploaded: Mapping[str, Sequence[str]] | None = None
    ) -> InstanceId:
        """Start an instance with values and, by field, sample files."""
        given = dict(values)
        for field_id, samples in (uploaded or {}).items():
            given[field_id] = [await self.upload(who, field_id, sample, app=app) for sample in samples]
        started = await lifecycle.start(self.context, self.actors[who], app, Submission(values=given))
        return started.instance.id

    async def task(self, who: str, instance: InstanceId) -> TaskId:
        """Claim the open task of an instance."""
        actor = self.actors[who]
        offered = await tasks.offered(self.context, actor, after=0, limit=200)
        task = next(task for task in offered if task.instance_id == instance)
        await tasks.claim(self.context, actor, task.id)
        return task.id

    async def complete(
        self,
        who: str,
        instance: InstanceId,
        outcome: str | None = None,
        *,
        values: Mapping[str, object] | None = None,
        uploaded: Mapping[str, Sequence[str]] | None = None,
        comment: str | None = None,
    ) -> None:
        """Claim and complete the open task of an instance."""
        task = await self.task(who, instance)
        given = dict(values or {})
        for field_id, samples in (uploaded or {}).items():
            given[field_id] = [await self.upload(who, field_id, sample, task=task) for sample in samples]
        submission = Submission(values=given, comment=comment)
        await tasks.complete(self.context, self.actors[who], task, submission, outcome=outcome)


async def fill(context: Context, receiver: str) -> dict[str, dict[str, str]]:
    """Create the demo's account and everything in it; return each person's login by key.

    Args:
        context: for the actions.
        receiver: host and port of the archive that evaluations are sent to.
    """
    stage, logins = await people_and_apps(context, ACCOUNT, receiver)
    await _procurement(stage)
    await _visits(stage)
    await _collections(stage)
    return logins


async def people_and_apps(context: Context, name: str, receiver: str) -> tuple[Stage, dict[str, dict[str, str]]]:
    """Create an account with the demo's people and apps, without instances; return each person's login by key, too.

    Args:
        context: for the actions.
        name: of the account; the people's e-mail addresses end with it.
        receiver: host and port of the archive that evaluations are sent to.
    """
    account = await accounts.create_account(context, name)
    root = system(account)
    logins: dict[str, dict[str, str]] = {}
    users: dict[str, UserId] = {}
    for person in PEOPLE:
        group = await accounts.create_group(context, root, person.group)
        email = f"{person.key}@{name}.example"
        user = users[person.key] = await accounts.create_user(context, root, email=email, name=person.name)
        await accounts.set_member(context, root, group, user, is_member=True)
        password = urlsafe_b64encode(context.entropy(PASSWORD_BYTES)).decode()
        await credentials.set_password(context, root, user, password)
        token = await credentials.create_token(context, root, user, kind="token", name="demo")
        logins[person.key] = {"email": email, "password": password, "token": token.secret, "what": person.what}
    logins[surfaces.PROGRAM] |= await surfaces.make_credentials(context, root, users[surfaces.PROGRAM])
    await _grant(context, root, everywhere=True)
    deployer = await _actor(context, account, users["admin"])  # service tasks act with the deployer's rights
    written = f"127.0.0.1:{RECEIVER_PORT}".encode()
    for bundle in example_bundles().values():
        here = {file: data.replace(written, receiver.encode()) for file, data in bundle.items()}
        await deploying.deploy(context, deployer, here)
    await _grant(context, root, everywhere=False)
    stage = Stage(context)
    for key, user in users.items():
        stage.actors[key] = await _actor(context, account, user)
    return stage, logins


async def _grant(context: Context, root: Actor, *, everywhere: bool) -> None:
    """Grant each group its rights for every app, or those for single ones, which must be deployed."""
    for person in PEOPLE:
        found = await accounts.group_named(context, root, person.group)
        for app, rights in person.rights.items():
            for right in rights if (app is None) is everywhere else ():
                await accounts.grant(context, root, found.id, right, app=app)


async def _actor(context: Context, account: AccountId, user: UserId) -> Actor:
    async with context.database.read() as tx:
        actor = await credentials.actor_of(tx, account, user)
    if actor is None:
        raise Unauthenticated
    return actor


async def _procurement(stage: Stage) -> None:
    await stage.start(
        "buyer",
        "EVA",
        {
            "product": "Standing desk",
            "supplier": "Nordholz",
            "amount": "5460.00",
            "lines": [{"item": "Desk, oak", "quantity": 12}, {"item": "Cable tray", "quantity": 12}],
        },
        {"description": ["catalog.pdf"], "photos": ["site-photo.jpg"]},
    )
    approved = await stage.start(
        "buyer",
        "EVA",
        {"product": "Desk lamp", "supplier": "Lumen & Co", "amount": "1797.00"},
        {"description": ["catalog.pdf"]},
    )
    await stage.complete("buyer", approved, "approve", uploaded={"approval": ["signature.png"]}, comment="Good light.")
    rejected = await stage.start(
        "buyer",
        "EVA",
        {"product": "Gold pen", "supplier": "Luxus AG", "amount": "12999.99", "reason": "It lasts."},
        {"description": ["catalog.pdf"]},
    )
    await stage.complete("buyer", rejected, "reject", comment="Too dear.")
    await _create_request(stage, approved)
    ordered = await stage.start(
        "clerk",
        "PUR",
        {"item": "Office chair", "supplier": "Nordholz", "amount": "3750.00"},
        {"catalog": ["catalog.pdf"]},
    )
    await stage.complete("clerk", ordered, "accept", values={"reason": "As agreed."})
    await stage.complete(
        "clerk", ordered, values={"order_number": "2026-0417"}, uploaded={"confirmation": ["order.pdf"]}
    )


async def _create_request(stage: Stage, evaluation: InstanceId) -> None:
    """Run the evaluation's service task that creates the purchase request now; no worker runs yet."""
    admin = stage.actors["admin"]
    for call in await by_hand.of_instance(stage.context, admin, evaluation):
        await attempts.perform(stage.context, admin.account_id, call.id, call.attempt + 1)


async def _visits(stage: Stage) -> None:
    await stage.start("technician", "FLD", {"site": "Mill Lane 4", "equipment": "boiler"})
    visited = await stage.start("technician", "FLD", {"site": "Harbour Road 17", "equipment": "meter"})
    await stage.complete(
        "technician",
        visited,
        "done",
        values={
            "visited_on": stage.context.clock().date().isoformat(),
            "equipment": "meter",
            "checks": ["seals", "wiring"],
            "reading": 48213,
            "notes": "Seal replaced, wiring sound.",
            "condition": 4,
        },
        uploaded={
            "report": ["prices.xlsx", "prices.csv"],
            "photos": ["site-photo.jpg"],
            "signature": ["signature.png"],
        },
    )


async def _collections(stage: Stage) -> None:
    for subject, samples in (
        ("Test", ["ques-kun-01.png", "README.txt"]),
        ("Nothing to see", []),
        ("Price lists", ["prices.csv", "prices.xlsx"]),
        ("Catalog", ["catalog.pdf"]),
    ):
        await stage.start("technician", "COL", {"subject": subject}, {"files": samples} if samples else None)
    ended = await stage.start("technician", "COL", {"subject": "Site photo"}, {"files": ["site-photo.jpg"]})
    await attached.add_link(
        stage.context,
        stage.actors["technician"],
        ended,
        kind=FileKind.LINK,
        url="https://files.example/plans/site.dwg",
        name="site.dwg",
        description="The plan, kept by the architects.",
        place=FilePlace(field=FieldId("files")),
    )
    await stage.complete("technician", ended)
