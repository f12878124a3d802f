"""What a call was given: query string, form or JSON body, told apart for no handler; and what moments are read as."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from satchel.model.visible_text import has_control, is_line
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import Given, Words

ISO_HEADER = "nvx-iso-datetime"


class Inputs(Given):
    """The parameters of one call, refused in the words of their validation."""

    words = Words(
        missing="must not be null",
        size="size must be between {low} and {high}",
        whole_number="must be a whole number",
        out_of_range="must be from {low} to {high}",
        sequence="must be an array",
    )
    takes_form = True
    takes_object = True
    empty_is_absent = False
    text_chars = (1, 255)

    def text_or_none(self, *names: str, shortest: int | None = None, longest: int | None = None) -> str | None:
        """Return a text, or None where it is absent.

        Raises:
            InvalidRequest: it is no text, too long or too short, or holds control characters.
        """
        found = super().text_or_none(*names, shortest=shortest, longest=longest)
        if found and has_control(found):
            raise self.refusal(names[0], "must not hold control characters")
        return found

    def line_or_none(self, name: str, *, longest: int) -> str | None:
        """Return a text of one line, such as a name, or None where it is absent.

        Raises:
            InvalidRequest: it is no text, too long, blank, or not printable.
        """
        found = self.text_or_none(name, longest=longest)
        if found is not None and not is_line(found):
            raise self.refusal(name, "must be one line of printable characters")
        return found

    def number(self, name: str, *, low: float, high: float) -> float:
        """Return a number that must be there.

        Raises:
            InvalidRequest: it is missing, no number, or out of range.
        """
        self.need(name)
        value = self.raw(name)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise self.refusal(name, "must be a number")
        if not low <= value <= high:  # no NaN is
            raise self.refusal(name, f"must be from {low} to {high}")
        return float(value)


async def wants_iso(exchange: Exchange) -> bool:
    """Return whether dates are asked for as ISO 8601."""
    header = (exchange.header(ISO_HEADER) or "").strip().lower()
    return header == "true" or (await Inputs.read(exchange)).flag("iso_datetime")


def moment(exchange: Exchange, given: Inputs, name: str) -> datetime | None:
    """Return a moment that a parameter gives, by the user's clock or as ISO 8601; None where it is absent.

    Raises:
        InvalidRequest: it is no date and time.
    """
    text = given.text_or_none(name, longest=40)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(exchange.actor.time_zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise given.refusal(name, "must be a date and time such as 2020-02-03 03:04:00") from None
