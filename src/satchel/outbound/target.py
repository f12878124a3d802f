"""The target of a request: an http or https address, parsed once and strictly, so that it is never parsed differently.

Checks can be bypassed if parsers disagree about an address: so user names, control characters, spaces and
backslashes are refused, and host, port and target are sent exactly as parsed here.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

import idna

from satchel.outbound.failure import CallFailed

MAX_URL_CHARS = 8_000

_PORTS = {"http": 80, "https": 443}
_BAD = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff\ud800-\udfff]")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_KEPT = "/:@!$&'()*+,;=~-._%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that a request can be sent to.

    Attributes:
        scheme: `http` or `https`.
        host: in ASCII, without brackets.
        port: 1 to 65535.
        path: begins with `/`, percent-encoded.
        query: percent-encoded, without `?`; may contain secrets, so it is never shown.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an address.

        Raises:
            CallFailed: `bad_url`.
        """
        if len(text) > MAX_URL_CHARS:
            raise _bad(f"it has {len(text)} characters; {MAX_URL_CHARS} are allowed")
        if _BAD.search(text):
            raise _bad("it contains a space, a backslash or a control character")
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise _bad("its host or port is malformed") from None
        scheme = parts.scheme.lower()
        if scheme not in _PORTS:
            raise _bad("only http and https are allowed")
        if "@" in parts.netloc:
            raise _bad("it contains a user name; use auth instead")
        if not host or port == 0:
            raise _bad("it names no host or port")
        path = quote(parts.path or "/", safe=_KEPT)
        if any(_DOTS.fullmatch(segment) for segment in path.split("/")):
            raise _bad("its path contains . or .. as a segment")
        return cls(
            scheme=scheme,
            host=_ascii(host),
            port=port or _PORTS[scheme],
            path=path,
            query=quote(parts.query, safe=_KEPT + "?"),
        )

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port; equal for addresses of the same server."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def request_target(self) -> str:
        """The path and query, for the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def shown(self) -> str:
        """The address without its query, for records, messages and logs."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def with_parameters(self, encoded: str) -> "Target":
        """Return the address with parameters added to its query; `encoded` is `a=1&b=2`."""
        query = f"{self.query}&{encoded}" if self.query and encoded else self.query or encoded
        return Target(scheme=self.scheme, host=self.host, port=self.port, path=self.path, query=query)

    def follow(self, location: str) -> "Target":
        """Return the target of a redirect, which may be relative.

        Raises:
            CallFailed: `redirect`, if that is not a valid address, or leads from https to http.
        """
        try:
            there = Target.parse(urljoin(f"{self.scheme}://{self.authority}{self.request_target}", location))
        except (CallFailed, ValueError) as error:
            raise CallFailed(
                "redirect", f"{self.shown} redirects to an address that is not valid for a call.", is_sent=True
            ) from error
        if self.scheme == "https" and there.scheme == "http":
            raise CallFailed(
                "redirect", f"{self.shown} redirects from https to http; it was not followed.", is_sent=True
            )
        return there


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise _bad("its host is not a valid domain name") from None


def _bad(why: str) -> CallFailed:
    return CallFailed("bad_url", f"The address cannot be called: {why}.")
