"""What a call was given: query string and urlencoded body alike, because clients send reads by GET and by POST."""

from collections.abc import Collection, Iterable
from typing import Self

from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import Given, refused
from satchel.surfaces.kit.texts import read_pairs

_LONGEST_NAME = 80


class Inputs(Given):
    """The parameters of one call."""

    takes_form = True

    @classmethod
    async def known(cls, exchange: Exchange, *names: str) -> Self:
        """Return the parameters of a call that has these and no others.

        Raises:
            UnsupportedMedia, TooLarge, InvalidRequest: as `read`.
            InvalidRequest: there is another one.
        """
        given = await cls.read(exchange)
        refuse_others(exchange, given.names, names)
        return given

    @classmethod
    async def every(cls, exchange: Exchange, name: str) -> list[str]:
        """Return each value of the one parameter of a call, which may come several times, in order.

        Raises:
            UnsupportedMedia, TooLarge, InvalidRequest: as `known`.
        """
        body = await exchange.whole()
        if body:
            cls.check_type(exchange)
        pairs = [*exchange.pairs, *read_pairs(body, "The form")]
        refuse_others(exchange, (key for key, _ in pairs), (name,))
        return [value for key, value in pairs if key == name]


def refuse_others(exchange: Exchange, given: Iterable[str], known: Collection[str]) -> None:
    """Refuse parameters that a call does not have: one that is misspelt must not change what the call means.

    Raises:
        InvalidRequest: there is one, and `questetra_unknown` does not say that it is ignored.
    """
    unknown = sorted(set(given) - set(known))
    if unknown and not exchange.context.policy.questetra_ignores_unknown:
        there = f"there are {', '.join(sorted(known))}" if known else "this call has none"
        raise refused(unknown[0][:_LONGEST_NAME], f"is no parameter of this call; {there}")
