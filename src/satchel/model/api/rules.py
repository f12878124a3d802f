"""Replies about the rules of forms: what fields show, require, compute and take, and checks across them."""

from collections.abc import Mapping

from satchel.model.api.kinds import ReplyBody


class OptionCondition(ReplyBody, frozen=True, kw_only=True):
    """What a condition on options compares with: a `value`, or what a `field` of the app holds."""

    value: str | None = None
    field: str | None = None


class OptionsFrom(ReplyBody, frozen=True, kw_only=True):
    """Where the options of a field come from: a list of the app, or a searchable field of another app.

    Attributes:
        list: the id of the list; the field's `options` are its entries.
        app: the code of the other app, and `field` the id of the field there.
        where: the key of the list's entries, or the other app's field, and what it is compared with.
    """

    list: str | None = None
    app: str | None = None
    field: str | None = None
    where: Mapping[str, OptionCondition] | None = None


class FieldRules(ReplyBody, frozen=True, kw_only=True):
    """The rules of a field: expressions in the language of conditions; those that it does not have are left out.

    Attributes:
        show_if: it is shown only where this is true.
        require_if: forms that let it be filled in require a value where this is true.
        default: its value where nothing was sent for it.
        compute: its value; it cannot be set.
        options_from: the only values that it takes.
    """

    show_if: str | None = None
    require_if: str | None = None
    default: str | None = None
    compute: str | None = None
    options_from: OptionsFrom | None = None


class Check(ReplyBody, frozen=True, kw_only=True):
    """A condition that values must meet together, and what people are told where they do not.

    Attributes:
        field: the field that the fault names; without one, the first in the condition that can be filled in.
    """

    condition: str
    message: str
    field: str | None = None
