"""What a call was given: a query string and a JSON body (also of a GET), names in any case."""

from satchel.surfaces.kit.given import Given


class Inputs(Given):
    """The parameters of one call."""

    takes_object = True
    reads_body_of_get = True
    text_chars = (0, 1_000)

    @classmethod
    def key(cls, name: str) -> str:
        """Return a name in lower case."""
        return name.lower()

    def text_or_none(self, *names: str, shortest: int | None = None, longest: int | None = None) -> str | None:
        """Return a text without spaces around it, None where it is absent or blank; a number counts as its digits.

        Raises:
            InvalidRequest: it is no text, or too long.
        """
        value = self.raw(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        found = super().text_or_none(*names, shortest=shortest, longest=longest)
        return None if found is None else found.strip() or None
