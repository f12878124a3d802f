"""An archive to send files to: takes a form with a file, shows what arrived, and answers with a receipt as a PDF.

    python examples/receiver/receiver.py --port 8099

It stands for the ERP or archive that a process talks to, needs nothing but Python, listens on this machine only and
keeps what arrives in memory. `POST /archive` takes `multipart/form-data`; `GET /` lists the received files as JSON.
`POST /webhook` prints the messages of webhooks; it does not check who sends them, docs/howto/webhooks.md shows how.
"""

import argparse
import hashlib
import json
import os
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULT_PORT = 8099
LARGEST_BYTES = 64 * 1024 * 1024
REMEMBERED = 100


class Archive:
    """What arrived: the newest entries, and the receipt of each Idempotency-Key, so that a repeat gets the same one."""

    def __init__(self) -> None:
        self.entries: deque[dict[str, object]] = deque(maxlen=REMEMBERED)
        self.receipts: dict[str, bytes] = {}
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    archive = Archive()

    def do_GET(self) -> None:
        """List the received files, newest last."""
        with self.archive.lock:
            data = json.dumps(list(self.archive.entries), indent=2).encode()
        self._answer(200, "application/json", data)

    def do_POST(self) -> None:
        """Take a form, and answer with a receipt."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BYTES:
            self.close_connection = True
            self._answer(413 if length.isdigit() else 411, "text/plain", b"send a form with its length\n")
            return
        body = self.rfile.read(int(length))
        if self.path == "/webhook":
            self._hear(body)
            return
        values, files = read_form(self.headers.get("Content-Type", ""), body)
        if not files:
            self._answer(400, "text/plain", b"send multipart/form-data with a file\n")
            return
        key = self.headers.get("Idempotency-Key", "")
        with self.archive.lock:
            receipt = self.archive.receipts.get(key) if key else None
            if receipt is None:
                at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  # a program of its own
                entry: dict[str, object] = {"at": at, "values": values, "files": files}
                self.archive.entries.append(entry)
                receipt = receipt_pdf(values, files)
                self.archive.receipts[key] = receipt
                for file in files:
                    print(f"receiver: {file['name']}, {file['bytes']} bytes, sha256 {file['sha256']}", flush=True)
        named = "".join(c for c in values.get("identifier", "") if c.isalnum() or c in "-_") or "file"
        self._answer(200, "application/pdf", receipt, f'attachment; filename="receipt-{named}.pdf"')

    def _hear(self, body: bytes) -> None:
        """Print what a webhook says."""
        try:
            message = json.loads(body)
            about = message["data"].get("instance", {}).get("identifier", "-")
            print(f"receiver: webhook, {str(message['type'])[:40]} {str(about)[:40]}", flush=True)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._answer(400, "text/plain", b"send the message of a webhook\n")
            return
        self._answer(200, "text/plain", b"heard\n")

    def _answer(self, status: int, kind: str, data: bytes, disposition: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if disposition is not None:
            self.send_header("Content-Disposition", disposition)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_given: object) -> None:
        """Say nothing of each request: what arrived is printed."""


def read_form(content_type: str, body: bytes) -> tuple[dict[str, str], list[dict[str, object]]]:
    """Return the values and the files of a form; no files if it is not one."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=policy.HTTP)
    values: dict[str, str] = {}
    files: list[dict[str, object]] = []
    for part in message.iter_parts() if message.get_content_type() == "multipart/form-data" else ():
        name = str(part.get_param("name", "", header="content-disposition"))
        data = part.get_payload(decode=True) or b""
        if part.get_filename() is None:
            values[name] = data.decode("utf-8", "replace")
        else:
            files.append(
                {
                    "field": name,
                    "name": part.get_filename(),
                    "type": part.get_content_type(),
                    "bytes": len(data),
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
            )
    return values, files


def receipt_pdf(values: dict[str, str], files: list[dict[str, object]]) -> bytes:
    """Return a page that lists the received files."""
    lines = ["Receipt", "", *(f"{name}: {value}" for name, value in values.items())]
    for file in files:
        lines += ["", f"{file['name']}, {file['bytes']} bytes", f"SHA-256 {file['sha256']}"]
    shown = [line.encode("latin-1", "replace").translate(None, b"()\\\r\n")[:90] for line in lines]
    text = b"BT /F1 11 Tf 56 780 Td 16 TL " + b" ".join(b"(" + line + b") Tj T*" for line in shown) + b" ET"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
    return bytes(out)


def main() -> None:
    """Serve until Ctrl-C, or until the program that started it is gone."""
    parser = argparse.ArgumentParser(description="An archive to send files to.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--until-input-ends", action="store_true", help="stop when standard input is closed")
    given = parser.parse_args()
    try:
        server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    except OSError as error:
        sys.exit(f"receiver: cannot listen on 127.0.0.1:{given.port}: {error.strerror}")
    if given.until_input_ends:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
    else:
        print(f"receiver: http://127.0.0.1:{given.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
