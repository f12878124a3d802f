"""Multipart forms that bring files along, streamed from where the files are; each attempt reads them anew."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

import msgspec

READ_BYTES = 1024 * 1024

FormFile: TypeAlias = Path | tuple[str, bytes]
"""A file to send: its path, or its name and bytes."""

Files: TypeAlias = Mapping[str, Sequence[FormFile]]
"""Files by field id; `attachments` is the attachments tab, `attachments[AREA]` an area of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartForm:
    """A form with texts and files.

    Attributes:
        texts: by name.
        files: by name, each with its own.
        boundary: what stands between the parts; no file has it, for it is random.
    """

    texts: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, FormFile]]
    boundary: str = field(default_factory=lambda: secrets.token_hex(24))

    @property
    def media_type(self) -> str:
        """The Content-Type of the body."""
        return f"multipart/form-data; boundary={self.boundary}"

    def size(self) -> int:
        """Return the length of the body.

        Raises:
            OSError: a file cannot be read.
        """
        heads = sum(len(head) + len(self._end_of_part()) for head, _ in self._parts())
        sources = sum(source.stat().st_size if isinstance(source, Path) else len(source) for _, source in self._parts())
        return heads + sources + len(self._end())

    def pieces(self) -> Iterator[bytes]:
        """Yield the body.

        Raises:
            OSError: a file cannot be read.
        """
        for head, source in self._parts():
            yield head
            if isinstance(source, Path):
                with source.open("rb") as opened:
                    while piece := opened.read(READ_BYTES):
                        yield piece
            elif source:
                yield source
            yield self._end_of_part()
        yield self._end()

    def _parts(self) -> Iterator[tuple[bytes, bytes | Path]]:
        for name, text in self.texts:
            yield self._head(name), text.encode()
        for name, given in self.files:
            called, source = (given.name, given) if isinstance(given, Path) else given
            yield self._head(name, called), source

    def _head(self, name: str, filename: str | None = None) -> bytes:
        disposition = f'form-data; name="{_quoted(name)}"'
        if filename is not None:
            disposition += f'; filename="{_quoted(filename)}"'
        return f"--{self.boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()

    @staticmethod
    def _end_of_part() -> bytes:
        return b"\r\n"

    def _end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


def filled_form(body: Mapping[str, object], files: Files) -> MultipartForm:
    """Return a form with what a JSON body says (`values`, `attachments`, `comment`, `outcome`), and with files."""
    texts: list[tuple[str, str]] = []
    for name, value in body.items():
        if isinstance(value, str):
            texts.append((name, value))
        elif isinstance(value, list):
            texts += [(name, str(one)) for one in cast("list[object]", value)]
        else:
            texts.append((name, msgspec.json.encode(value).decode()))
    return MultipartForm(texts=texts, files=[(name, one) for name, given in files.items() for one in given])


def _quoted(text: str) -> str:
    """Return a name as browsers write it (WHATWG)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
