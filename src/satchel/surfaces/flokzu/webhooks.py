"""Webhooks as Flokzu sends them: the documented envelope around a document of version 1."""

from satchel.actions.lists import documents
from satchel.actions.webhook_formats import Format, WebhookMessage
from satchel.db.pool import Reader
from satchel.model.clock import moment
from satchel.model.webhooks import WebhookEvent
from satchel.surfaces.flokzu import outputs

NAME = "flokzu"
TOKEN_HEADER = "X-Flokzu-Token"  # noqa: S105  # a header's name; that of theirs is documented nowhere


async def render(tx: Reader, message: WebhookMessage) -> object:
    """Return a message in the envelope; that of a test has an empty payload."""
    told = message.told
    if told is None:
        return {"Timestamp": moment(message.at), "Type": message.type, "Payload": dict[str, object]()}
    by = told.user_id
    document = await documents.whole(tx, told.app, told.instance, also=() if by is None else (by,))
    participant = None if by is None else document.people.users.get(by)
    return outputs.webhook(message.type, document, told.files, at=message.at, participant=participant)


FORMAT = Format(
    name=NAME,
    types={
        WebhookEvent.START: outputs.SAVE,
        WebhookEvent.SAVE: outputs.SAVE,
        WebhookEvent.TASK_DONE: outputs.TASK_COMPLETE,
    },
    render=render,
    token_header=TOKEN_HEADER,
)
"""Creating an instance is a `save` of theirs too; that one ended they do not tell."""
