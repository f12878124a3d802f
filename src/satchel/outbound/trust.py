"""Trusted servers: those with certificates of the system's authorities, or of configured ones."""

import ssl
from functools import cached_property
from pathlib import Path


class Trust:
    """How servers are verified; one for the whole process."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """Create it; `ca_file` contains certificates of further authorities, as PEM."""
        self._ca_file = ca_file

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The TLS context of connections; created at first use: reading the certificates takes 50 ms."""
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        # Early releases of Python 3.11, Debian's among them, set it (CPython issue 95494): a broken connection would
        # look like one that the other side has closed.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        return context


def check_authorities(path: Path) -> None:
    """Refuse a file that `Trust` could not use.

    Raises:
        ValueError: it cannot be read, or contains no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:  # an SSLError is one too
        raise ValueError(str(path)) from error
    if not context.get_ca_certs():
        raise ValueError(str(path))
