"""Replies about the values of the environment."""

from collections.abc import Sequence

from satchel.model.api.kinds import ReplyBody, Timestamp


class EnvironmentValue(ReplyBody, frozen=True, kw_only=True):
    """A value that the settings of service tasks name as `env.` and its name."""

    name: str
    value: str
    changed_at: Timestamp


class Environment(ReplyBody, frozen=True, kw_only=True):
    """The values that are set on this server, by name."""

    items: Sequence[EnvironmentValue]
    next: str | None
