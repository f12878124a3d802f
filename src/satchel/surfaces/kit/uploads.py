"""Files that come in a form, one in each: it is the form's last part, so that it is kept only if the form is right."""

from collections.abc import AsyncGenerator

from satchel.actions.files import intake
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import MAX_SIZE_BYTES
from satchel.model.errors import TooLarge
from satchel.model.transfer.names import decode_header, parse_disposition
from satchel.model.uploads import Upload
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.multipart import Part, last_part, read_parts

FRAMING_BYTES = 64 * 1024
"""How much a form may hold besides its file."""


def parts_of(exchange: Exchange) -> AsyncGenerator[Part, None]:
    """Give the parts of a form that may be as long as the largest file.

    Raises:
        As `read_parts` and `Exchange.chunks`.
    """
    return read_parts(exchange.header("content-type"), exchange.chunks(FRAMING_BYTES + MAX_SIZE_BYTES))


async def receive_part(exchange: Exchange, upload: Upload, part: Part, parts: AsyncGenerator[Part, None]) -> Upload:
    """Receive a form's file for a ticket; its bytes end only when the whole form was found to be right.

    Raises:
        TooLarge: the form is longer than its ticket allows.
        As `intake.receive` and `last_part`.
    """
    length = exchange.content_length
    if length is not None and length > upload.declared_bytes + FRAMING_BYTES:
        raise TooLarge("The file", upload.declared_bytes, length)
    arrival = Arrival(name=part.filename, media_type=part.media_type)
    return await intake.receive(exchange.context, upload, last_part(part, parts), arrival)


def name_of_body(exchange: Exchange) -> str | None:
    """Return the file name that the header Content-Disposition gives a body; None where it gives none.

    Raises:
        InvalidRequest: the header is malformed.
    """
    header = exchange.header("content-disposition")
    return parse_disposition(decode_header(header.encode("latin-1"))).filename if header else None
