"""Replies about the tokens of an instance: the places where it stands."""

from collections.abc import Sequence

from satchel.model.api.kinds import ReplyBody, TokenActionName, TokenModeName


class Token(ReplyBody, frozen=True, kw_only=True):
    """One place where an instance stands.

    Attributes:
        id: names it in a move; no other token of the instance ever has it.
        element, name, kind: of the BPMN element.
        mode: what it does there: `wait` for somebody or something, `watch` as a boundary event, `join` at a gateway for
            others; or what it holds together: a `scope` (subprocess), a `loop` (repetitions), a `choice` of events.
        within: the token of the subprocess that it lies in.
        part_of: the token that it belongs to: a repetition, a boundary event, an event of a choice.
        flow: over which it has come to a gateway.
        may: what the caller may do with it: `cancel`.
    """

    id: int
    element: str
    name: str
    kind: str
    mode: TokenModeName
    within: int | None
    part_of: int | None
    flow: str | None
    may: Sequence[TokenActionName]


class Tokens(ReplyBody, frozen=True, kw_only=True):
    """Where an instance stands, oldest first."""

    items: Sequence[Token]
    next: str | None
