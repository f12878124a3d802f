"""What does not run or has no effect, and what to use instead: one table for the check and for the documentation."""

from collections.abc import Mapping

REFUSED: Mapping[str, str] = {
    "scriptTask": "Use a service task, or an expression on the flow; no script is ever run.",
    "businessRuleTask": "Use an exclusive gateway with conditions, or a service task.",
    "manualTask": "Name it under `tasks` in app.yaml to make it a user task, or draw another kind of task.",
    "task": "Name it under `tasks` in app.yaml to make it a user task, or draw another kind of task.",
    "complexGateway": "Use an inclusive or a parallel gateway.",
    "transaction": "Use an embedded subprocess with a boundary error event.",
    "adHocSubProcess": "Use an embedded subprocess with an inclusive gateway.",
    "callChoreography": "Use a call activity.",
    "subChoreography": "Use an embedded subprocess.",
}
"""Elements that are refused, by their BPMN name, each with what to use instead."""

NO_EFFECT: Mapping[str, str] = {
    "dataObject": "Declare a field in app.yaml.",
    "dataObjectReference": "Declare a field in app.yaml.",
    "dataStoreReference": "Declare a field in app.yaml, or reach the store with a service task.",
    "ioSpecification": "Every field can be read everywhere, and app.yaml says who sees what.",
    "property": "Declare a field in app.yaml.",
    "dataInputAssociation": "Every field can be read everywhere.",
    "dataOutputAssociation": "Forms, messages and services of app.yaml say what is set.",
    "ioBinding": "Map the values of a call activity under `calls` in app.yaml.",
    "categoryValueRef": "Declare a field in app.yaml to find instances by it.",
    "resourceRole": "Say who gets the task with `assign` in app.yaml.",
    "performer": "Say who gets the task with `assign` in app.yaml.",
    "humanPerformer": "Say who gets the task with `assign` in app.yaml.",
    "potentialOwner": "Say who gets the task with `assign` in app.yaml.",
}
"""Elements that are read over with a warning, by their BPMN name, each with what to use instead."""

PEOPLE_TASKS = frozenset({"task", "manualTask"})
"""Tasks of no kind that runs: user tasks where app.yaml names them."""

REFUSED_EVENTS: Mapping[str, str] = {
    "signalEventDefinition": "Use a message.",
    "escalationEventDefinition": "Use an error, or a message.",
    "conditionalEventDefinition": "Use a message, or an exclusive gateway after a timer.",
    "linkEventDefinition": "Draw the flow.",
    "compensateEventDefinition": "Draw the way back as a path of its own.",
    "cancelEventDefinition": "Use an error end event and a boundary error event.",
}
"""Event definitions that are refused everywhere, each with what to use instead."""

REFUSED_ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "behavior": ("All", "Let a completionCondition end the repetitions."),
    "cancelRemainingInstances": ("true", "Use an embedded subprocess with an inclusive gateway."),
    "completionQuantity": ("1", "Draw a flow for each path that is to follow."),
    "eventGatewayType": ("Exclusive", "Use a parallel gateway before the events to wait for all of them."),
    "instantiate": ("false", "Only a start event begins a process."),
    "isForCompensation": ("false", "Draw the way back as a path of its own."),
    "isImmediate": ("true", "Remove it: what is not drawn does not happen."),
    "mustUnderstand": ("false", "Remove the extension; app.yaml says what tasks do."),
    "parallelMultiple": ("false", "Use an event-based gateway or several boundary events."),
    "startQuantity": ("1", "Use a parallel gateway before it to wait for all paths."),
    "triggeredByEvent": ("false", "Use a boundary event on a subprocess."),
}
"""Attributes that change what an element means: the one value that runs, and what to use instead of others."""

IGNORED = frozenset(
    {
        "documentation",
        "incoming",
        "outgoing",
        "laneSet",
        "textAnnotation",
        "association",
        "group",
        "extensionElements",
        "auditing",
        "monitoring",
        "category",
        "supportedInterfaceRef",
        "supports",
    },
)
"""Elements that change nothing of what runs; `extensionElements` is read for a warning."""


def code_of(name: str) -> str:
    """Return the finding's code of an element by its BPMN name: `scriptTask` is `script_task`."""
    if name not in REFUSED and name not in NO_EFFECT:
        return "unknown_element"
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
