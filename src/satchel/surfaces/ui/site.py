"""The built files of the web application, each with its compressed variants, read once.

A request never opens a file: all files are read at the start and found by their whole address, so that no name from a
request can reach another. The build compresses them (`x.js.br` and `x.js.gz` beside `x.js`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BUILT = Path(__file__).parent / "static"
"""Where `make web` builds the application, and where a wheel has it."""

INDEX = "index.html"

ENCODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""The endings of compressed variants by content coding, the smallest first."""

_MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The bytes of one file in one content coding.

    Attributes:
        encoding: the content coding; "" stands for none.
        etag: strong, with its quotes: each variant has its own.
    """

    encoding: str
    content: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFile:
    """One built file.

    Attributes:
        variants: by preference, the one without a content coding last.
    """

    media_type: str
    variants: tuple[Variant, ...]

    def variant(self, accept_encoding: str | None) -> Variant:
        """Return the first variant that a request's Accept-Encoding allows; the uncompressed one always is."""
        accepted = qualities(accept_encoding or "")
        return next(one for one in self.variants if not one.encoding or accepted.get(one.encoding, 0.0) > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The application as it was built.

    Attributes:
        index: the page that every address of the application loads; None where nothing was built.
        files: all others by address, `/assets/main-1a2b.js`.
    """

    index: SiteFile | None = None
    files: Mapping[str, SiteFile] = field(default_factory=dict[str, SiteFile])


def read_site(folder: Path = BUILT) -> Site:
    """Read a built application into memory; hidden files, which the build keeps for itself, are not part of it."""
    found: dict[str, SiteFile] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not is_hidden and path.suffix not in ENCODINGS.values():
            found[f"/{name.as_posix()}"] = _read(path)
    index = found.pop(f"/{INDEX}", None)
    return Site(index=index, files=found if index is not None else {})


def qualities(header: str) -> dict[str, float]:
    """Return the weights of the values that a header like Accept or Accept-Encoding lists, by value in lower case.

    A weight that cannot be read counts as 0; of other parameters nothing is kept.
    """
    found: dict[str, float] = {}
    for one in header.lower().split(","):
        value, *parameters = (part.strip() for part in one.split(";"))
        weights = [part.removeprefix("q=") for part in parameters if part.startswith("q=")]
        try:
            found[value] = float(weights[0]) if weights else 1.0
        except ValueError:
            found[value] = 0.0
    return found


def _read(path: Path) -> SiteFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:32]
    variants = [
        Variant(encoding=encoding, content=beside.read_bytes(), etag=f'"{digest}-{encoding}"')
        for encoding, ending in ENCODINGS.items()
        if (beside := path.with_name(path.name + ending)).is_file()
    ]
    return SiteFile(
        media_type=_MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        variants=(*variants, Variant(encoding="", content=content, etag=f'"{digest}"')),
    )
