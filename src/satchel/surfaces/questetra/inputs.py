"""What a call was given: query string and urlencoded body alike, because clients send reads by GET and by POST."""

from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import Given
from satchel.surfaces.kit.texts import read_pairs


class Inputs(Given):
    """The parameters of one call."""

    takes_form = True

    @classmethod
    async def every(cls, exchange: Exchange, name: str) -> list[str]:
        """Return each value of a parameter that may come several times, in order.

        Raises:
            UnsupportedMedia, TooLarge, InvalidRequest: as `read`.
        """
        body = await exchange.whole()
        if body:
            cls.check_type(exchange)
        return [value for key, value in [*exchange.pairs, *read_pairs(body, "The form")] if key == name]
