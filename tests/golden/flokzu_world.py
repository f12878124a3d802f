"""The world of Flokzu's transcripts: its own example of two processes, a database, and keys for several people."""

from collections.abc import Mapping

from satchel.actions.files import adding, attached
from satchel.actions.identity import accounts, credentials
from satchel.actions.instances.places import FilePlace
from satchel.model.actor import Actor
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, UserId
from surfaces.conftest import Api
from world import PDF, TEXT, World, bundle, fields

EVALUATION = {
    "code": "EVA",
    "name": "Product Evaluation",
    "title": "{{ product }}",
    "fields": fields(
        {"id": "product", "type": "text", "label": "Product", "max_length": 50},
        {"id": "amount", "type": "decimal", "label": "Amount"},
        {"id": "ready", "type": "boolean", "label": "Ready"},
        {"id": "description", "type": "file", "label": "Description (PDF)", "max_files": 1, "accept": [".pdf"]},
        {"id": "pictures", "type": "file", "label": "Pictures", "max_files": 3, "max_bytes": 100, "allow_links": True},
        {
            "id": "sender",
            "type": "table",
            "label": "sender",
            "columns": [
                {"id": "email", "label": "sender_email", "type": "text"},
                {"id": "name", "label": "sender_name", "type": "text"},
            ],
        },
        {"id": "kind", "type": "choice", "label": "Kind", "options": [{"id": "n", "label": "New"}]},
        {"id": "colours", "type": "choices", "label": "Colours", "options": [{"id": "r", "label": "Red"}]},
        {"id": "buyer", "type": "user", "label": "Buyer"},
        {"id": "team", "type": "group", "label": "Team"},
        {"id": "note_1", "type": "text", "label": "Note"},
        {"id": "note_2", "type": "text", "label": "Note"},
        {"id": "secret", "type": "text", "label": "Secret"},
    ),
    "start": {
        "fields": dict.fromkeys(
            ("product", "amount", "ready", "description", "sender", "kind", "colours", "buyer", "team", "note_1"),
            "edit",
        )
    },
    "tasks": {
        "a": {"assign": {"group": "buyers"}, "due": "P2D", "fields": {"product": "read", "description": "read"}},
    },
}

PRICES = {
    "code": "PRI",
    "name": "Lista de precios",
    "fields": fields(
        {"id": "sku", "type": "text", "label": "Código", "searchable": True},
        {"id": "maker", "type": "text", "label": "Fabricante"},
        {"id": "price", "type": "decimal", "label": "Precio", "searchable": True},
        {"id": "count", "type": "integer", "label": "Cantidad"},
        {
            "id": "tags",
            "type": "choices",
            "label": "Tags",
            "options": [{"id": "x", "label": "X"}, {"id": "y", "label": "Y"}],
        },
        {"id": "own", "type": "text", "label": "Id"},
        {"id": "photo", "type": "file", "label": "Photo"},
    ),
    "start": {"fields": dict.fromkeys(("sku", "maker", "price", "count", "tags", "own"), "edit")},
    "tasks": {"a": {"assign": {"group": "clerks"}}},
}


async def key_of(world: World, actor: Actor, **more: object) -> str:
    """Make a key for a person and return it."""
    assert actor.user_id is not None
    made = await credentials.create_token(
        world.context,
        actor,
        actor.user_id,
        kind="named_key",
        name="test",
        **more,  # type: ignore[arg-type]  # expires_at
    )
    return made.secret


async def flokzu(api: Api) -> Mapping[str, object]:
    """An evaluation with a PDF, a picture kept in OneDrive and a note in the tab; a price list; keys."""
    world = api.world
    await world.deploy(bundle(EVALUATION))
    await world.deploy(bundle(PRICES))
    clerk = await world.actor("clerk")
    pdf = await world.upload(clerk, PDF, name="TAB-6-1.pdf", field="description", app="EVA")
    rows = [{"email": "", "name": "John Doe"}]
    instance = await world.start(clerk, "EVA", product="Drill", amount="12.50", description=[pdf], sender=rows)
    await attached.add_link(
        world.context,
        clerk,
        instance,
        kind=FileKind.ONEDRIVE,
        url="https://onedrive.example/plan",
        name="plan.dwg",
        description="",
        place=FilePlace(field=FieldId("pictures")),
    )
    note = await world.upload(clerk, TEXT, name="note.txt", instance=instance)
    await adding.attach(world.context, clerk, instance, [note], FilePlace())
    known: dict[str, object] = {"instance": "EVA-1", "number": int(instance), "pdf_bytes": PDF.decode()}
    for who in ("clerk", "buyer", "viewer", "stranger", "manager"):
        known[who] = await key_of(world, await world.actor(who))
    known["admin"] = await key_of(world, world.admin)
    known["rival"] = await key_of(world, world.rival)
    ended = await world.actor("manager")
    known["revoked"] = await key_of(world, ended)
    found = await credentials.of_user(world.context, ended, UserId(int(ended.user_id or 0)))
    await credentials.revoke(world.context, ended, found[-1].id)
    await accounts.create_user(world.context, world.admin, email="gone@acme.example", name="Gone")
    return known
