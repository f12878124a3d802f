"""Forms of an app's own actions: what each of them takes, and the built-in input `comment` among it."""

from collections.abc import Mapping
from dataclasses import replace

from satchel.actions import access
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.forms import Form, Submission
from satchel.actions.instances.run import Run
from satchel.actions.loading import LoadedApp
from satchel.engine.rules import FormRules
from satchel.model.app import COMMENT, Access, Action
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.ids import FieldId
from satchel.model.instance import Task


def action_of(app: LoadedApp, action_id: int) -> Action:
    """Return an action of an app.

    Raises:
        NotFound: the app has none of this number.
    """
    action = app.manifest.actions.get(action_id)
    if action is None:
        raise NotFound("action", action_id)
    return action


def action_form(
    action: Action, scope: ClaimScope, form: Mapping[FieldId, Access], rules: FormRules | None = None
) -> Form:
    """Return what an action lets its caller fill in, and what must hold something when it is done.

    An action stands for the form whose task it completes or by which it starts an instance, so it requires what that
    form does: of its own inputs a value, of other fields that they hold one already.

    Args:
        action: the app's.
        scope: for whom the uploads that it takes must have been made.
        form: the access of the form that it stands for; empty where it only changes the instance.
        rules: of that form, where it is a task's.
    """
    required = {field_id for field_id, how in form.items() if how is Access.REQUIRE}
    inputs = [field_id for field_id in action.inputs if field_id != COMMENT]
    return Form(
        access={field_id: Access.REQUIRE if field_id in required else Access.EDIT for field_id in inputs},
        scope=scope,
        areas=action.areas,
        holding=frozenset(required.difference(inputs)),
        rules=rules,
        stands_for=form,
    )


def form_of_action(run: Run, action: Action, task: Task | None) -> Form:
    """Return the form of an action that runs on an instance; `task` is the one that it completes."""
    if task is None:
        return action_form(action, ClaimScope(instance=True), {})
    scope = ClaimScope(instance=True, task_id=task.id)
    return action_form(action, scope, access.form_of(run.app, task).fields, run.app.rules_of(task.element))


def with_comment(action: Action, given: Submission) -> Submission:
    """Return a submission with the built-in input `comment` taken out of its values.

    Raises:
        InvalidValues: the action takes none, or it is no text.
    """
    values = dict(given.values)
    text = values.pop(COMMENT, given.comment)
    if text is None:
        return replace(given, values=values)
    if COMMENT not in action.inputs:
        raise InvalidValues(
            [FieldFault(field=COMMENT, code="unknown_field", message="This action accepts no comment.")]
        )
    if not isinstance(text, str):
        raise InvalidValues([FieldFault(field=COMMENT, code="type", message="A comment must be text.")])
    return replace(given, values=values, comment=text)
