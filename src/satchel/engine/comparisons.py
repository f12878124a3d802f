"""What of a process can only go wrong: comparisons that are never true, and gateways that may have no way out.

Both deploy, and then leave instances that nobody can move on; people are warned of them.
"""

from collections.abc import Iterator, Mapping, Sequence

from satchel.engine.document import Findings
from satchel.engine.elements import all_expressions
from satchel.engine.expression import Expression, tokens
from satchel.engine.graph import Kind, Node, Process
from satchel.model.app import Manifest
from satchel.model.fields import FieldType

OUTCOME = "outcome"
_EQUAL = frozenset({"==", "!="})
_OPPOSITE: Mapping[str, str] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_CHOICES = frozenset({FieldType.CHOICE, FieldType.CHOICES})

Token = tuple[str, str]
Tokens = Sequence[Token]


def check_comparisons(process: Process, manifest: Manifest, findings: Findings) -> None:
    """Warn of each comparison of an outcome or a choice with a text that it never has."""
    known = _known(process, manifest)
    for expression, place, _, own in all_expressions(process):
        own_variable = own.loop.variable if own is not None and own.loop is not None else None
        for name, text in _compared(tuple(tokens(expression.text))):
            if name not in known or name == own_variable or text in known[name]:
                continue
            values = ", ".join(sorted(known[name])) or "none"
            if name == OUTCOME:
                message = f'No task ends with the outcome "{text}"; the outcomes are: {values}.'
                findings.at("unknown_outcome", message, place.line, place.id, severity="warning")
            else:
                message = f'{name} has no option "{text}"; its options are: {values}.'
                findings.at("unknown_option", message, place.line, place.id, severity="warning")


def check_ways_out(process: Process, manifest: Manifest, findings: Findings) -> None:
    """Warn of each gateway without a default flow whose conditions may all be false."""
    outcomes = _known(process, manifest)[OUTCOME]
    for node in process.nodes.values():
        if node.kind not in {Kind.EXCLUSIVE, Kind.INCLUSIVE} or node.default is not None:
            continue
        conditions = _conditions(process, node)
        if conditions and not _is_complete(conditions, outcomes):
            message = (
                f"If no condition of {node.label} is true, the instance stops here. Give it a default flow,"
                " or conditions that leave nothing out."
            )
            findings.at("no_default", message, node.line, node.id, severity="warning")


def _known(process: Process, manifest: Manifest) -> dict[str, frozenset[str]]:
    """Return the texts that outcomes and choices can have, by name."""
    forms = [form for element, form in manifest.tasks.items() if element in process.nodes]
    known = {OUTCOME: frozenset(outcome.id for form in forms for outcome in form.outcomes)}
    for field in manifest.fields:
        if field.type in _CHOICES:
            known[str(field.id)] = frozenset(option.id for option in field.limits.options)
    return known


def _conditions(process: Process, node: Node) -> list[Expression]:
    """Return the conditions of a gateway, if nothing else leads out of it."""
    found = (process.flows[flow].condition for flow in node.outgoing)
    return [condition for condition in found if condition is not None]


def _compared(words: Tokens) -> Iterator[tuple[str, str]]:
    """Yield each name with a text that it is compared with."""
    for at, (kind, word) in enumerate(words):
        if kind != "text":
            continue
        text, before, after = word[1:-1], words[max(at - 2, 0) : at], words[at + 1 : at + 4]
        if len(before) == 2 and before[1][1] in _EQUAL and _is_name(words, at - 2):  # noqa: PLR2004  # name and sign
            yield before[0][1], text
        elif len(after) > 1 and (after[0][1] in _EQUAL or after[0][1] == "in") and _stands_alone(words, at + 2):
            yield after[1][1], text
        else:
            name = _name_of_list(words, at) or _name_of_call(words, at)
            if name is not None:
                yield name, text


def _is_name(words: Tokens, at: int) -> bool:
    """Return whether a token is a name that is compared as it is, not the column of a table."""
    return words[at][0] == "name" and (at == 0 or words[at - 1][1] not in {".", "#"})


def _stands_alone(words: Tokens, at: int) -> bool:
    return _is_name(words, at) and (at + 1 == len(words) or words[at + 1][1] not in {"(", ".", "["})


def _name_of_list(words: Tokens, at: int) -> str | None:
    """Return the name of `name in ["a", "b"]` for a text in it."""
    while at > 0 and (words[at][0] == "text" or words[at][1] == ","):
        at -= 1
    if words[at][1] != "[" or at < 2 or words[at - 1][1] != "in":  # noqa: PLR2004  # a name and `in` come before
        return None
    at -= 3 if words[at - 2][1] == "not" else 2
    return words[at][1] if at >= 0 and _is_name(words, at) else None


def _name_of_call(words: Tokens, at: int) -> str | None:
    """Return the name of `contains(name, "a")` for its text."""
    if at < 4 or [word for _, word in words[at - 4 : at - 2]] != ["contains", "("] or words[at - 1][1] != ",":  # noqa: PLR2004  # the four tokens before
        return None
    return words[at - 2][1] if words[at - 2][0] == "name" else None


def _is_complete(conditions: Sequence[Expression], outcomes: frozenset[str]) -> bool:
    """Return whether it can be seen that one of the conditions is always true."""
    texts = [_stripped(tuple(tokens(condition.text))) for condition in conditions]
    words = [tuple(word for _, word in text) for text in texts]
    if ("true",) in words:
        return True
    if any(_are_opposite(one, other) for one in words for other in words):
        return True
    named = {text for one in texts if _is_outcome(one) for _, text in _compared(one)}
    return bool(outcomes) and outcomes <= named


def _is_outcome(text: Tokens) -> bool:
    """Return whether a condition only asks for outcomes: one, or several with `or`."""
    words = [word for kind, word in text if kind != "text"]
    return bool(words) and set(words) <= {OUTCOME, "==", "or", "(", ")", "in", "[", "]", ","}


def _stripped(text: Tokens) -> Tokens:
    """Return a condition without parentheses around all of it."""
    while len(text) > 1 and text[0][1] == "(" and _closing(text) == len(text) - 1:
        text = text[1:-1]
    return text


def _closing(text: Tokens) -> int:
    depth = 0
    for at, (_, word) in enumerate(text):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return at
    return -1


def _are_opposite(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether one of two conditions is true whenever the other is not."""
    if one and one[0] in {"not", "!"}:
        rest = one[1:]
        return other in (rest, rest[1:-1] if rest[:1] == ("(",) else rest)
    if len(one) != len(other) or {"and", "or"} & {*one, *other}:
        return False
    differ = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(differ) == 1 and (_OPPOSITE.get(differ[0][0]) == differ[0][1] or set(differ[0]) == {"true", "false"})
