"""`satchel admin` beside a running server."""

import httpx

from e2e.conftest import DemoServer, command
from plain import PLAIN


def test_a_new_signing_key_ends_every_link_of_a_running_server(server: DemoServer) -> None:
    with server.client("admin") as client, httpx.Client(verify=PLAIN, timeout=60) as anybody:
        (instance,) = client.get("/api/v1/instances", params={"app": "PUR", "limit": 1}).json()["items"]
        file = client.get(f"/api/v1/instances/{instance['id']}/files").json()["items"][0]["id"]

        def link() -> str:
            made: str = client.post(f"/api/v1/files/{file}/links").json()["url"]
            return made

        before = link()
        assert anybody.get(before).status_code == 200

        done = command("admin", "keys", "rotate", "--data", str(server.data))

        assert (done.returncode, done.stdout) == (
            0,
            "links are signed with a new key; every link that was made before has ended\n",
        )
        refused = anybody.get(before)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert anybody.get(link()).status_code == 200
