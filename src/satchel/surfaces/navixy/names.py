"""The ids of fields: theirs are letters, digits, `-` and `_` in any order and case, ours words of expressions.

An id that fits ours stays as it is, any other becomes `id_` and its characters: small letters and digits themselves,
capitals small behind `_`, `-` as `_0` and `_` as `_1`. `Text-1` becomes `id__text_01`. It goes back the same way, so
that nothing has to be kept, and no two of theirs become one of ours.
"""

import re

from satchel.model.app_yaml.field_settings import FIELD_ID, RESERVED_NAMES
from satchel.model.ids import FieldId

PREFIX = "id_"
MAX_CHARS = 19
"""Of an id of theirs."""

THEIRS = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_CHARS}}}")
_ENCODED = re.compile(r"(?:[a-z0-9]|_[a-z01])+")
_SIGNS = {"-": "_0", "_": "_1"}
_BACK = {sign: character for character, sign in _SIGNS.items()}


def to_ours(given: str) -> FieldId:
    """Return the id that a field has here; one that no field of theirs can have stays as it is."""
    if _is_plain(given) or not THEIRS.fullmatch(given):
        return FieldId(given)
    return FieldId(PREFIX + "".join(_encoded(character) for character in given))


def to_theirs(field: str) -> str:
    """Return the id by which they know a field of ours."""
    encoded = field.removeprefix(PREFIX)
    if encoded == field or not _ENCODED.fullmatch(encoded):
        return field
    given = re.sub(r"_?.", lambda found: _decoded(found[0]), encoded)
    return field if _is_plain(given) or not THEIRS.fullmatch(given) else given


def _is_plain(given: str) -> bool:
    """Return whether an id of theirs is one of ours too, and stands for no other."""
    return FIELD_ID.fullmatch(given) is not None and given not in RESERVED_NAMES and to_theirs(given) == given


def _encoded(character: str) -> str:
    return f"_{character.lower()}" if character.isupper() else _SIGNS.get(character, character)


def _decoded(sign: str) -> str:
    return _BACK.get(sign) or sign.removeprefix("_").upper() if sign.startswith("_") else sign
