"""Counts of this process, in Prometheus's text format."""

from collections import Counter
from collections.abc import Mapping


class Metrics:
    """What the process has answered since it started."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._seconds = 0.0
        self._received = 0
        self._sent = 0

    def count(self, status: int, seconds: float, received: int, sent: int) -> None:
        """Count one answer."""
        self._requests[f"{status // 100}xx"] += 1
        self._seconds += seconds
        self._received += received
        self._sent += sent

    def text(self, gauges: Mapping[str, int]) -> str:
        """Return all counts, and gauges by name, as Prometheus reads them."""
        lines = ["# TYPE satchel_requests_total counter"]
        lines += [f'satchel_requests_total{{status="{kind}"}} {n}' for kind, n in sorted(self._requests.items())]
        for name, value in (
            ("satchel_request_seconds_total", self._seconds),
            ("satchel_received_bytes_total", self._received),
            ("satchel_sent_bytes_total", self._sent),
        ):
            lines += [f"# TYPE {name} counter", f"{name} {value}"]
        for name, value in gauges.items():
            lines += [f"# TYPE satchel_{name} gauge", f"satchel_{name} {value}"]
        return "\n".join(lines) + "\n"
