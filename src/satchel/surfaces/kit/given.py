"""What a call was given: the parameters of its query string and of its body, by name, each read as the type it must be.

A surface derives its own reader from `Given`: it says which bodies are taken, how names are spelled, and how a refusal
is worded. From a query string or a form every value is text, numbers too, and objects and lists are JSON text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, cast

from satchel.model.errors import InvalidRequest, UnsupportedMedia
from satchel.model.ids import MAX_ID
from satchel.model.strict_json import parse_json
from satchel.model.transfer.media import is_json
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.texts import read_pairs, whole_number

FORM = "application/x-www-form-urlencoded"
MOST_CHARS = 1_000_000
"""Of a text, where neither the surface nor the call says less; a body is no longer."""

_KEPT = "satchel.given"
_NO_BODY = frozenset({"GET", "HEAD"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a surface says of a parameter that is wrong, after its name."""

    missing: str = "is missing"
    doubled: str = "is given more than once"
    text: str = "must be a text"
    size: str = "must have {low} to {high} characters"
    flag: str = "must be true or false"
    whole_number: str = "must be a whole number from {low} to {high}"
    out_of_range: str = "must be a whole number from {low} to {high}"
    mapping: str = "must be an object"
    sequence: str = "must be a list"
    json: str = "must be JSON"


def refused(name: str, why: str, given: str = "") -> InvalidRequest:
    """Return the refusal of a parameter.

    Args:
        name: as the client knows it, with dots where it stands in objects.
        why: stands after the name.
        given: what came instead, for surfaces that repeat it.
    """
    return InvalidRequest(f"{name} {why}.", pointer=f"/{name}", why=why, given=given[:200])


class Given:
    """The parameters of one call; null counts as absent. Of the names that a getter takes, the first that came counts.

    Args:
        values: by name; of several equal ones the last counts, which is the body's and has a type.
        within: the name of the object that holds them, for refusals.

    Attributes:
        words: what refusals say.
        takes_form: whether a body may be an urlencoded form.
        takes_object: whether it may be a JSON object.
        reads_body_of_get: whether a GET may have one; it is passed over otherwise.
        has_json_texts: whether an object or a list may come as JSON text.
        empty_is_absent: whether an empty text counts as absent, too.
        text_chars: the fewest and the most characters of a text, where the call does not say otherwise.

    Raises:
        InvalidRequest: a name is given twice, with different values.
    """

    words: ClassVar[Words] = Words()
    takes_form: ClassVar[bool] = False
    takes_object: ClassVar[bool] = False
    reads_body_of_get: ClassVar[bool] = False
    has_json_texts: ClassVar[bool] = True
    empty_is_absent: ClassVar[bool] = True
    text_chars: ClassVar[tuple[int, int]] = (0, MOST_CHARS)

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = (), *, within: str = "") -> None:
        self._within = f"{within}." if within else ""
        self._values: dict[str, object] = {}
        for name, value in cast("Mapping[str, object]", values).items() if isinstance(values, Mapping) else values:
            key = self.key(name)
            held = self._values.get(key)
            if value is None:
                continue
            if held is not None and held != value and str(held) != str(value):
                raise self.refusal(name[:_LONGEST_NAME], self.words.doubled)
            self._values[key] = value

    @classmethod
    def key(cls, name: str) -> str:
        """Return the one spelling of a name; as it is, unless the surface's clients spell freely."""
        return name

    @classmethod
    def is_object(cls, content_type: str) -> bool:
        """Return whether a body of this type is taken for a JSON object."""
        return is_json(content_type)

    @classmethod
    async def read(cls, exchange: Exchange) -> Self:
        """Return what came in the query string and the body together; read once, then kept.

        Raises:
            UnsupportedMedia: the body is of a type that is not taken.
            TooLarge: it is longer than a JSON body may be.
            InvalidRequest: it is malformed, or a parameter came twice: in one place, or with different values.
        """
        kept = exchange.scope.get(_KEPT)
        if not isinstance(kept, cls):
            kept = cls([*cls._once(exchange.pairs).items(), *(await cls.body_members(exchange)).items()])
            exchange.scope[_KEPT] = kept
        return kept

    @classmethod
    def of_query(cls, exchange: Exchange) -> Self:
        """Return what came in the query string alone.

        Raises:
            InvalidRequest: it is malformed, or a parameter stands there twice.
        """
        return cls(cls._once(exchange.pairs))

    @classmethod
    async def of_body(cls, exchange: Exchange) -> Self:
        """Return what came in the body alone.

        Raises:
            UnsupportedMedia, TooLarge, InvalidRequest: as `read`.
        """
        return cls(await cls.body_members(exchange))

    @classmethod
    def check_type(cls, exchange: Exchange) -> None:
        """Require a body to be of a type that is taken.

        Raises:
            UnsupportedMedia: it is another.
        """
        said = exchange.content_type
        if (cls.takes_form and said == FORM) or (cls.takes_object and cls.is_object(said)):
            return
        kinds = " or ".join([*(["application/json"] if cls.takes_object else []), *([FORM] if cls.takes_form else [])])
        if not said:
            raise UnsupportedMedia(f"Say by Content-Type that the body is {kinds}.")
        raise UnsupportedMedia(f"Send the body as {kinds}, not as {said[:80]}.")

    @classmethod
    async def body_members(cls, exchange: Exchange) -> Mapping[str, object]:
        """Return what came in the body as it came: every name as it is spelled there, null for null.

        Raises:
            UnsupportedMedia, TooLarge, InvalidRequest: as `read`.
        """
        if exchange.method in _NO_BODY and not cls.reads_body_of_get:
            return {}
        body = await exchange.whole()
        if not body.strip():
            return {}
        cls.check_type(exchange)
        if exchange.content_type == FORM:
            return cls._once(read_pairs(body, "The form"))
        found = parse_json(body.removeprefix(_BYTE_ORDER_MARK), max_bytes=exchange.parts.max_json_bytes)
        if not isinstance(found, dict):
            raise InvalidRequest("The body must be a JSON object.")
        return cast("dict[str, object]", found)

    @classmethod
    def _once(cls, pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in pairs:
            if name in found:
                raise refused(name[:_LONGEST_NAME], cls.words.doubled, value)
            found[name] = value
        return found

    def __contains__(self, name: str) -> bool:
        """Return whether a parameter came and is not null."""
        return self.key(name) in self._values

    @property
    def names(self) -> frozenset[str]:
        """The parameters that came and are not null."""
        return frozenset(self._values)

    def raw(self, *names: str) -> object:
        """Return a parameter as it came, or None."""
        return next((self._values[key] for key in map(self.key, names) if key in self._values), None)

    def need(self, name: str) -> None:
        """Require a parameter to be there.

        Raises:
            InvalidRequest: it is not.
        """
        if name not in self:
            raise self.refusal(name, self.words.missing)

    def text_or_none(self, *names: str, shortest: int | None = None, longest: int | None = None) -> str | None:
        """Return a text, or None where it is absent.

        Raises:
            InvalidRequest: it is no text, too short or too long.
        """
        value = self.raw(*names)
        if value is None or (value == "" and self.empty_is_absent):
            return None
        if not isinstance(value, str):
            raise self.refusal(names[0], self.words.text, value)
        low, high = self.text_chars[0] if shortest is None else shortest, longest or self.text_chars[1]
        if not low <= len(value) <= high:
            raise self.refusal(names[0], self.words.size.format(low=low, high=high), value)
        return value

    def text(self, *names: str, shortest: int | None = None, longest: int | None = None) -> str:
        """Return a text that must be there.

        Raises:
            InvalidRequest: it is not, or as `text_or_none`.
        """
        found = self.text_or_none(*names, shortest=shortest, longest=longest)
        if found is None:
            raise self.refusal(names[0], self.words.missing)
        return found

    def text_or(self, name: str, default: str, *, longest: int | None = None) -> str:
        """Return a text, or a default where it is absent."""
        found = self.text_or_none(name, longest=longest)
        return default if found is None else found

    def integer(self, *names: str, low: int = 0, high: int = MAX_ID) -> int:
        """Return a whole number that must be there.

        Raises:
            InvalidRequest: it is missing, no whole number, or out of range.
        """
        value = self.raw(*names)
        if value is None or self._is_blank(value):
            raise self.refusal(names[0], self.words.missing)
        if isinstance(value, str):
            value = whole_number(value.strip())
        if isinstance(value, bool) or not isinstance(value, int):
            why = self.words.whole_number.format(low=low, high=high)
            raise self.refusal(names[0], why, self.raw(*names))
        if not low <= value <= high:
            raise self.refusal(names[0], self.words.out_of_range.format(low=low, high=high), value)
        return value

    def integer_or(self, name: str, default: int, *, low: int = 0, high: int = MAX_ID) -> int:
        """Return a whole number, or a default where it is absent."""
        value = self.raw(name)
        return default if value is None or self._is_blank(value) else self.integer(name, low=low, high=high)

    def flag(self, *names: str, default: bool = False) -> bool:
        """Return true or false.

        Raises:
            InvalidRequest: it is neither.
        """
        value = self.raw(*names)
        if value is None:
            return default
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise self.refusal(names[0], self.words.flag, value)
        return value

    def mapping(self, *names: str) -> Mapping[str, object]:
        """Return an object that must be there.

        Raises:
            InvalidRequest: it is missing, or no object.
        """
        value = self._structure(names)
        if value is None:
            raise self.refusal(names[0], self.words.missing)
        if not isinstance(value, dict):
            raise self.refusal(names[0], self.words.mapping)
        return cast("Mapping[str, object]", value)

    def mapping_or_empty(self, *names: str) -> Mapping[str, object]:
        """Return an object; an empty one where it is absent."""
        return dict[str, object]() if self._structure(names) is None else self.mapping(*names)

    def sequence(self, *names: str) -> Sequence[object]:
        """Return a list; an empty one where it is absent.

        Raises:
            InvalidRequest: it is no list.
        """
        value = self._structure(names)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.refusal(names[0], self.words.sequence)
        return cast("list[object]", value)

    def integers(self, name: str) -> list[int]:
        """Return a list of whole numbers; an empty one where it is absent."""
        return [self._alone(name, item).integer(name) for item in self.sequence(name)]

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; an empty one where it is absent."""
        return [self._alone(name, item).text(name) for item in self.sequence(name)]

    def refusal(self, name: str, why: str, given: object = "") -> InvalidRequest:
        """Return the refusal of one of these parameters."""
        return refused(self._within + name, why, str(given))

    def _is_blank(self, value: object) -> bool:
        return self.empty_is_absent and isinstance(value, str) and not value.strip()

    def _structure(self, names: Sequence[str]) -> object:
        """Return an object or a list, read where it came as text."""
        value = self.raw(*names)
        if not isinstance(value, str) or not self.has_json_texts:
            return value
        try:
            return None if self._is_blank(value) else parse_json(value.encode())
        except InvalidRequest:
            raise self.refusal(names[0], self.words.json) from None

    def _alone(self, name: str, item: object) -> Self:
        return type(self)({name: item}, within=self._within.removesuffix("."))
