"""Small BPMN documents and a small host for the engine's tests."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.engine import snapshot
from satchel.engine.parse import Definition, parse
from satchel.engine.snapshot import Status
from satchel.engine.step import step
from satchel.model.ids import ElementId, TokenId

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BUILT_INS: dict[str, object] = {
    "identifier": "EVA-1",
    "instance_id": 1,
    "title": "A title",
    "starter": "anna@example.org",
    "started_at": NOW,
    "app": "EVA",
}


def document(*parts: str, outside: str = "") -> bytes:
    """Return a document with one executable process `p`."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:test">\n'
        f'{outside}\n<process id="p" name="P" isExecutable="true">\n'
        + "\n".join(parts)
        + "\n</process>\n</definitions>\n"
    ).encode()


def el(tag: str, element: str, *inner: str, **attributes: str) -> str:
    """Return one element; its name is its id in capitals."""
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<{tag} id="{element}"{given}>' + "".join(inner) + f"</{tag}>"


def user(element: str, *inner: str, **attributes: str) -> str:
    return el("userTask", element, *inner, **attributes)


def flow(source: str, target: str, condition: str | None = None, *, name: str | None = None) -> str:
    inner = "" if condition is None else f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>"
    return el("sequenceFlow", name or f"{source}_{target}", inner, sourceRef=source, targetRef=target)


def path(*elements: str) -> str:
    """Return the flows from each element to the next."""
    return "\n".join(flow(a, b) for a, b in itertools.pairwise(elements))


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}><![CDATA[{text}]]></{kind}></timerEventDefinition>"


def message(reference: str = "m") -> str:
    return f'<messageEventDefinition messageRef="{reference}"/>'


def error(reference: str | None = "err") -> str:
    return f'<errorEventDefinition errorRef="{reference}"/>' if reference else "<errorEventDefinition/>"


def boundary(element: str, host: str, inner: str, *, interrupts: bool = True) -> str:
    return el("boundaryEvent", element, inner, attachedToRef=host, cancelActivity="true" if interrupts else "false")


def multi(
    *,
    collection: str | None = None,
    cardinality: str | None = None,
    variable: str | None = None,
    sequential: bool = False,
    until: str | None = None,
) -> str:
    """Return multi-instance characteristics."""
    inner = f"<loopCardinality><![CDATA[{cardinality}]]></loopCardinality>" if cardinality else ""
    inner += f"<loopDataInputRef>{collection}</loopDataInputRef>" if collection else ""
    inner += f'<inputDataItem id="i_{variable}" name="{variable}"/>' if variable else ""
    inner += f"<completionCondition><![CDATA[{until}]]></completionCondition>" if until else ""
    wanted = "true" if sequential else "false"
    return f'<multiInstanceLoopCharacteristics isSequential="{wanted}">{inner}</multiInstanceLoopCharacteristics>'


def repeat(condition: str | None = None, *, maximum: int | None = None, test_first: bool = False) -> str:
    """Return standard loop characteristics."""
    given = f' loopMaximum="{maximum}"' if maximum is not None else ""
    given += ' testBefore="true"' if test_first else ""
    inner = f"<loopCondition><![CDATA[{condition}]]></loopCondition>" if condition else ""
    return f"<standardLoopCharacteristics{given}>{inner}</standardLoopCharacteristics>"


MESSAGE = '<message id="m" name="reply"/>'
ERROR = '<error id="err" name="Broken" errorCode="broken"/>'
START = '<startEvent id="start"/>'
END = '<endEvent id="end"/>'


def simple(*parts: str, outside: str = "", through: tuple[str, ...] = ("a",)) -> bytes:
    """Return a process from `start` through elements to `end`, with more parts."""
    return document(START, END, path("start", *through, "end"), *parts, outside=outside)


def waiting(definition: Definition, state: bytes) -> dict[TokenId, ElementId]:
    """Return every token of a state that waits for a command, and the element at which it does."""
    tokens = snapshot.load(state, definition.process, definition.fingerprint).tokens.values()
    return {token.key: token.node for token in tokens if token.key is not None}


@dataclass
class Host:
    """Runs one process as the actions would: keeps the state and what is open, and checks what every step must keep.

    Each step is done twice with the same arguments: equal bytes and effects, or the test fails.
    """

    definition: Definition
    values: dict[str, object] = field(default_factory=dict)
    now: datetime = NOW
    state: bytes | None = None
    status: Status | None = None
    open: dict[TokenId, e.Effect] = field(default_factory=dict)
    log: list[e.Effect] = field(default_factory=list)
    serial: int = 0

    def send(self, command: c.Command) -> tuple[e.Effect, ...]:
        """Take one step."""
        values = {**BUILT_INS, **self.values}
        results = []
        for _ in range(2):
            numbers = itertools.count(self.serial)
            source: Callable[[], TokenId] = lambda numbers=numbers: TokenId(f"k{next(numbers)}")  # type: ignore[misc]  # noqa: E731  # one that counts
            results.append(step(self.definition, self.state, command, now=self.now, values=values, new_token=source))
        assert results[0] == results[1]
        self.serial = next(numbers)
        result = results[0]
        self.state, self.status = result.state, result.status
        self._record(command, result.effects)
        assert waiting(self.definition, result.state) == {key: opened.element for key, opened in self.open.items()}  # type: ignore[union-attr]  # effects that opened something have an element
        return result.effects

    def _record(self, command: c.Command, effects: tuple[e.Effect, ...]) -> None:
        self.log.extend(effects)
        if not isinstance(command, c.Start):
            del self.open[command.token]
        for effect in effects:
            match effect:
                case e.TaskOpened() | e.TimerSet() | e.MessageAwaited() | e.JobDue() | e.CallDue():
                    assert effect.token not in self.open
                    self.open[effect.token] = effect
                case e.TaskClosed() | e.TimerDropped() | e.MessageDropped() | e.JobDropped() | e.CallDropped():
                    opened = self.open.pop(effect.token)
                    assert _CLOSES[type(effect)] is type(opened)
                case e.Ended() | e.Failed():
                    assert not self.open

    def tokens(self, element: str) -> list[TokenId]:
        """Return the open tokens at an element, oldest first."""
        return [key for key, opened in self.open.items() if opened.element == element]  # type: ignore[union-attr]  # effects that opened something have an element

    def at(self) -> list[str]:
        """Return the elements of everything open, sorted."""
        return sorted(opened.element for opened in self.open.values())  # type: ignore[union-attr]  # effects that opened something have an element

    def done(self, element: str, outcome: str | None = None) -> tuple[e.Effect, ...]:
        """Let the oldest open thing at an element happen."""
        token = self.tokens(element)[0]
        match self.open[token]:
            case e.TaskOpened():
                return self.send(c.CompleteTask(token=token, outcome=outcome))
            case e.TimerSet():
                return self.send(c.TimerDue(token=token))
            case e.MessageAwaited():
                return self.send(c.MessageArrived(token=token))
            case e.JobDue():
                return self.send(c.FinishJob(token=token))
            case _:
                return self.send(c.FinishCall(token=token))

    def variables(self, element: str) -> list[Mapping[str, object]]:
        """Return the loop variables of what is open at an element."""
        return [self.open[key].variables for key in self.tokens(element)]  # type: ignore[union-attr]  # effects that opened something have an element


_CLOSES: dict[type, type] = {
    e.TaskClosed: e.TaskOpened,
    e.TimerDropped: e.TimerSet,
    e.MessageDropped: e.MessageAwaited,
    e.JobDropped: e.JobDue,
    e.CallDropped: e.CallDue,
}


def started(bpmn: bytes, **values: object) -> Host:
    """Return a started process."""
    host = Host(definition=parse(bpmn), values=values)
    host.send(c.Start())
    return host
