"""An app whose instances are started by people without other rights, worked on by two groups, and changed by others."""

from engine_bpmn import el, simple, user
from satchel.actions.files import adding
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.model.ids import FieldId, InstanceId
from world import World, bundle, fields

ORDER = {
    "code": "ORD",
    "title": "Order of {{ item }}",
    "fields": fields(
        {"id": "item", "type": "text", "searchable": True},
        {"id": "amount", "type": "integer"},
        {"id": "verdict", "type": "text"},
        {"id": "secret", "type": "text"},
        {"id": "offer", "type": "file"},
        {"id": "report", "type": "file"},
    ),
    "start": {"fields": {"item": "require", "amount": "edit", "offer": "edit"}},
    "tasks": {
        "check": {
            "assign": {"group": "buyers"},
            "fields": {"item": "read", "amount": "edit", "verdict": "edit", "offer": "read", "report": "edit"},
            "outcomes": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}],
        },
        "pay": {"assign": {"group": "administration"}, "fields": {"secret": "edit", "report": "edit"}},
    },
    "actions": {
        20: {"name": "Check", "task": "check", "outcome": "no", "inputs": ["verdict"], "areas": [{"name": "A"}]}
    },
}
CHECK_THEN_PAY = simple(user("check"), user("pay"), through=("check", "pay"))
BOTH_AT_ONCE = simple(
    el("parallelGateway", "fork"),
    el("parallelGateway", "join"),
    user("check"),
    user("pay"),
    *(
        '<sequenceFlow id="f1" sourceRef="fork" targetRef="pay"/>',
        '<sequenceFlow id="f2" sourceRef="pay" targetRef="join"/>',
    ),
    through=("fork", "check", "join"),
)


async def deploy_order(world: World, process: bytes = CHECK_THEN_PAY) -> None:
    """Deploy the app."""
    await world.deploy(bundle(ORDER, process))


async def interfere(world: World, instance: InstanceId) -> tuple[int, int]:
    """Change every value and add files, in the starter's field and in the tab, as an administrator; return these."""
    given: dict[str, object] = {"amount": 99, "verdict": "theirs", "secret": "hidden"}
    await lifecycle.change_values(world.context, world.admin, instance, Submission(values=given), expected=None)
    field = await world.upload(world.admin, b"theirs", name="theirs.txt", field="offer", instance=instance)
    await adding.attach(world.context, world.admin, instance, [field], FilePlace(field=FieldId("offer")))
    tab = await world.upload(world.admin, b"theirs", name="tab.txt", instance=instance)
    await adding.attach(world.context, world.admin, instance, [tab], FilePlace())
    return field, tab
