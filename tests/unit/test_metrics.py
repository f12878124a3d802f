"""Counts of several processes: what is read of them is their sum."""

from satchel.model.metrics import Metrics, as_text, merged, packed, unpacked


def test_counts_of_two_processes_are_read_as_those_of_one() -> None:
    one, other = Metrics("1.2"), Metrics("1.2")
    one.count_request("GET", "/a", 200, 0.004, received=1, sent=10)
    other.count_request("GET", "/a", 204, 0.3, received=2, sent=0)
    other.count_request("POST", "/b", 503, 3.0, received=0, sent=5)

    lines = as_text(unpacked(merged([packed(one.families()), packed(other.families())]))).splitlines()

    for line in (
        'satchel_requests_total{status="2xx"} 2',
        'satchel_requests_total{status="5xx"} 1',
        "satchel_received_bytes_total 3",
        "satchel_sent_bytes_total 15",
        'satchel_request_duration_seconds_bucket{method="GET",route="/a",status="2xx",le="0.005"} 1',
        'satchel_request_duration_seconds_bucket{method="GET",route="/a",status="2xx",le="0.5"} 2',
        'satchel_request_duration_seconds_count{method="POST",route="/b",status="5xx"} 1',
    ):
        assert lines.count(line) == 1, line
    assert [line.rpartition(" ")[2] for line in lines if line.startswith("satchel_build_info{")] == ["1"]
    assert len(lines) == len(set(lines))
