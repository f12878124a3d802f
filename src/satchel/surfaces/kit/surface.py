"""What makes a surface: its addresses, how its clients prove who they are, and how it words an error.

`surfaces/app` is handed one of these by each surface and knows nothing else of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from satchel.model.actor import Actor
from satchel.model.errors import SatchelError
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply

Document = Callable[[SatchelError | None, Exchange], Reply]
"""Words an error; None stands for one that nobody expected."""

Authenticate = Callable[[Exchange], Awaitable[Actor | None]]
"""Returns who asks, None where no credential came, and notes both in the exchange; raises what a bad one deserves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One API.

    Attributes:
        prefix: what its addresses begin with; "" for the one that answers whatever no other does.
        endpoints: each with its whole path, `prefix` included.
        document: makes its error documents.
        authenticate: finds out who asks, wherever an endpoint is not open.
        normal_path: makes of an address the one that `endpoints` spell, for an API that takes several spellings; what
            came stays in the scope's `raw_path`. Parameters are cut from the normal spelling.
        compresses: whether replies are compressed for clients that accept it. Those of other vendors do not, so that
            their clients see no header that the vendor does not send.
    """

    prefix: str
    endpoints: Sequence[Endpoint]
    document: Document
    authenticate: Authenticate
    normal_path: Callable[[str], str] | None = None
    compresses: bool = False

    def owns(self, path: str) -> bool:
        """Return whether an address is this surface's, in any case of its letters."""
        return (path.lower() + "/").startswith(self.prefix.lower() + "/")
