"""What things are called: objects and people go by GUIDs and by human ids, OIDs (`PUR000012`, `PN000017`)."""

import re
from uuid import UUID

from satchel.model.ids import MAX_ID, UserId

OID_DIGITS = 6
PERSON = "PN"

_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE)
_PERSON_BITS = 0x5A7C4E1D_7001_8000_8000_0000_0000_0000
_MAX_PERSON = 2**62  # the two bits above belong to the GUID's form
_PERSON_OID = re.compile(r"PN(\d{1,19})", re.IGNORECASE)
_CODE = "[A-Z][A-Z0-9]{0,15}"


def guid(uuid: UUID) -> str:
    """Return a GUID as lists have it: upper-case, in braces."""
    return guid_text(str(uuid))


def guid_text(text: str) -> str:
    """Return a GUID that is written bare as lists have it."""
    return f"{{{text.upper()}}}"


def read_guid(text: str) -> UUID | None:
    """Return the GUID that a text is, in any case, with braces or without; None if it is none."""
    found = _GUID.fullmatch(text.strip())
    return UUID(found[1]) if found and text.strip().startswith("{") == text.strip().endswith("}") else None


def oid(code: str, number: int) -> str:
    """Return an object's human id: `PUR000012`."""
    return f"{code}{number:0{OID_DIGITS}d}"


def read_oid(text: str) -> list[tuple[str, int]]:
    """Return what an OID may mean, as (code, number): `PUR-12`, or a code and six digits, or more where six are few.

    A code may end in digits itself: `A1000012` is `A1` 12 before it is `A` 1000012.
    """
    text = text.strip().upper()
    hyphened = re.fullmatch(rf"({_CODE})-(\d{{1,19}})", text, re.ASCII)
    if hyphened:
        return [(hyphened[1], int(hyphened[2]))] if int(hyphened[2]) <= MAX_ID else []
    found: list[tuple[str, int]] = []
    for count in range(OID_DIGITS, 20):
        code, digits = text[:-count], text[-count:]
        if not re.fullmatch(_CODE, code, re.ASCII) or not (digits.isascii() and digits.isdigit()):
            break
        if (count == OID_DIGITS or digits[0] != "0") and int(digits) <= MAX_ID:
            found.append((code, int(digits)))
    return found


def person_guid(user: UserId) -> UUID:
    """Return the GUID by which clients know a person: one of RFC 9562's version 8 that holds the user's number."""
    return UUID(int=_PERSON_BITS | user)


def read_person(text: str) -> UserId | None:
    """Return the user whom a GUID or OID (`PN000017`) names; None if it names none."""
    found = read_guid(text)
    named = _PERSON_OID.fullmatch(text.strip())
    if found is not None:
        bits = found.int ^ _PERSON_BITS
        number = bits if bits < _MAX_PERSON else 0
    else:
        number = int(named[1]) if named else 0
    return UserId(number) if 0 < number <= MAX_ID else None
