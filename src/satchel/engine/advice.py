"""What does not run, and what to use instead: one table for the check and for the documentation."""

from collections.abc import Mapping

REFUSED: Mapping[str, str] = {
    "scriptTask": "Use a service task, or an expression on the flow; no script is ever run.",
    "businessRuleTask": "Use an exclusive gateway with conditions, or a service task.",
    "manualTask": "Use a user task.",
    "task": "Say what kind of task it is: a user task or a service task.",
    "complexGateway": "Use an inclusive or a parallel gateway.",
    "transaction": "Use an embedded subprocess with a boundary error event.",
    "adHocSubProcess": "Use an embedded subprocess with an inclusive gateway.",
    "callChoreography": "Use a call activity.",
    "subChoreography": "Use an embedded subprocess.",
    "dataObject": "Declare a field in app.yaml.",
    "dataObjectReference": "Declare a field in app.yaml.",
    "dataStoreReference": "Declare a field in app.yaml, or reach the store with a service task.",
    "ioSpecification": "Remove it: every field can be read everywhere, and app.yaml says who sees what.",
    "property": "Declare a field in app.yaml.",
    "dataInputAssociation": "Remove it: every field can be read everywhere.",
    "dataOutputAssociation": "Remove it: forms, messages and services of app.yaml say what is set.",
    "resourceRole": "Say who gets the task with `assign` in app.yaml.",
    "performer": "Say who gets the task with `assign` in app.yaml.",
    "humanPerformer": "Say who gets the task with `assign` in app.yaml.",
    "potentialOwner": "Say who gets the task with `assign` in app.yaml.",
}
"""Elements that are refused, by their BPMN name, each with what to use instead."""

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
    },
)
"""Elements that change nothing of what runs; `extensionElements` is looked into."""
