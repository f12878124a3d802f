"""Creates things of every kind in a demo server, over HTTP as its administrator, for requests that need ids."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from PIL import Image

from e2e.conftest import eventually
from engine_bpmn import END, MESSAGE, START, document, el, flow, simple, user
from world import PDF, bundle, fields

APP = "GEN"
ACTION = 10
STARTING_ACTION = 20
MESSAGE_NAME = "reply"
SERVICE = "s"
CALLING_APP = "INC"
CALLING_SERVICE = "r"

OPTIONAL = "shade"
"""A field whose options come from a list."""
FIELDS = fields(
    {"id": "subject", "type": "text", "max_length": 200, "searchable": True},
    {"id": "amount", "type": "integer", "searchable": True},
    {"id": "price", "type": "decimal", "searchable": True},
    {"id": "urgent", "type": "boolean"},
    {"id": "day", "type": "date", "searchable": True},
    {"id": "moment", "type": "datetime"},
    {"id": "hour", "type": "time"},
    {"id": "colour", "type": "choice", "options": [{"id": "red", "label": "Red"}, {"id": "blue", "label": "Blue"}]},
    {"id": "sizes", "type": "choices", "options": [{"id": "s", "label": "S"}, {"id": "m", "label": "M"}]},
    {"id": "stars", "type": "rating"},
    {"id": "owner", "type": "user"},
    {"id": "team", "type": "group"},
    {"id": "lines", "type": "table", "columns": [{"id": "item", "label": "Item", "type": "text"}]},
    {"id": "papers", "type": "file", "allow_links": True, "max_unclaimed": 1000},
    {"id": "pictures", "type": "photo", "max_unclaimed": 1000},
    {"id": "signed", "type": "signature", "max_unclaimed": 1000},
    {"id": "page", "type": "link"},
    {"id": OPTIONAL, "type": "choice", "options_from": {"list": "shades"}, "show_if": "colour != 'blue'"},
    {"id": "cost", "type": "decimal", "compute": "price * amount"},
)
FIELD_IDS = [str(field["id"]) for field in FIELDS if "compute" not in field]
VALUES: dict[str, object] = {
    "subject": "Desk",
    "amount": 3,
    "price": "12.50",
    "urgent": True,
    "day": "2026-01-31",
    "moment": "2026-01-31T09:30:00Z",
    "hour": "09:30:00",
    "colour": "red",
    "sizes": ["s", "m"],
    "stars": 4,
    "lines": [{"item": "Screws"}],
    "page": "https://pages.example/desk",
    OPTIONAL: "dark",
}
"""A valid value for each field that holds no file, user or group."""

_EDITED = dict.fromkeys(FIELD_IDS, "edit")
_MANIFEST = {
    "code": APP,
    "fields": FIELDS,
    "lists": {"shades": [{"id": "dark", "label": "Dark"}, {"id": "light", "label": "Light"}]},
    "checks": [{"if": "stars <= 4", "message": "Four stars are enough."}],
    "start": {"fields": _EDITED},
    "tasks": {"a": {"fields": _EDITED, "outcomes": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]}},
    "services": {SERVICE: {"kind": "manual", "inputs": FIELD_IDS}},
    "messages": {MESSAGE_NAME: {"inputs": FIELD_IDS}},
    "actions": {
        ACTION: {"name": "Change", "inputs": [*FIELD_IDS, "comment"]},
        STARTING_ACTION: {"name": "Begin", "inputs": FIELD_IDS, "create": True},
    },
}
_PROCESS = document(
    START,
    el("parallelGateway", "fork"),
    user("a"),
    el("serviceTask", SERVICE),
    el("receiveTask", "w", messageRef="m"),
    el("parallelGateway", "join"),
    END,
    flow("start", "fork"),
    *(flow("fork", branch) for branch in ("a", SERVICE, "w")),
    *(flow(branch, "join") for branch in ("a", SERVICE, "w")),
    flow("join", "end"),
    outside=MESSAGE,
)
_CALLING = {
    "code": CALLING_APP,
    "fields": FIELDS[:1],
    "start": {"fields": {"subject": "edit"}},
    "services": {
        CALLING_SERVICE: {
            "kind": "rest",
            "method": "GET",
            "url": "http://127.0.0.1:9/",  # refused before anything is sent
            "inputs": ["subject"],
            "retry": {"attempts": 1},
        }
    },
}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a bundle as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


BUNDLE = zipped(bundle(_MANIFEST, _PROCESS))
CALLING_BUNDLE = zipped(bundle(_CALLING, simple(el("serviceTask", CALLING_SERVICE), through=(CALLING_SERVICE,))))


class KnownThings:
    """Creates things, and knows which ones the administrator needs.

    Attributes:
        own_user: the administrator.
        own_groups: the groups that the administrator's rights come from.
        login: an e-mail and a password that open a session.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._serial = 0
        mine = self._get("/me")
        self.own_user = int(mine["id"])
        self.own_groups = {int(group) for group in mine["groups"]}
        self.own_credentials = {int(one["id"]) for one in self._get(f"/users/{self.own_user}/credentials")["items"]}
        self._quota = self._get("/storage")
        self.login = {"email": self.email(), "password": "correct horse battery staple"}
        self._post("/users", name="Somebody", **self.login)
        for packed in (BUNDLE, CALLING_BUNDLE):
            deployed = client.post("/api/v1/apps", content=packed, headers={"Content-Type": "application/zip"})
            assert deployed.status_code == httpx.codes.CREATED, deployed.text
        self._makers: dict[str, Callable[[], object]] = {
            "absence": self.absence,
            "action": lambda: ACTION,
            "app": lambda: APP,
            "calling_instance": self.calling_instance,
            "call": lambda: self._waiting(self.instance(), "calls"),
            "client": self.client,
            "credential": self.credential,
            "deleted_file": self.deleted_file,
            "delivery": self.delivery,
            "email": self.email,
            "export": self.export,
            "export_token": self.export_link,
            "field": lambda: OPTIONAL,
            "file": self.file,
            "filled_upload": self.filled_upload,
            "group": self.group,
            "held_task": self.held_task,
            "incident": self.incident,
            "instance": self.instance,
            "message": lambda: MESSAGE_NAME,
            "migration": self.migration,
            "name": self.name,
            "notification": self.notification,
            "picture": self.picture,
            "picture_upload": self.picture_upload,
            "schedule": self.schedule,
            "search": self.search,
            "service": lambda: CALLING_SERVICE,
            "signature_upload": lambda: self.upload("signed", 100_000),
            "starting_action": lambda: STARTING_ACTION,
            "task": lambda: self._waiting(self.instance(), "tasks"),
            "token": lambda: self._link(f"/files/{self.file()}/links"),
            "upload": self.upload,
            "user": self.user,
            "version": lambda: 1,
            "webhook": self.webhook,
        }

    def make(self, kind: str) -> object:
        """Create one more thing of a kind and return its id or name."""
        return self._makers[kind]()

    def restore(self) -> None:
        """Restore quota and apps, delete unclaimed uploads, and fail if the administrator's rights are gone."""
        for app in (APP, CALLING_APP):
            self._client.post(f"/api/v1/apps/{app}/restore")
        assert self._get("/me")["admin"] is True
        limits = {"limit_bytes": self._quota["limit_bytes"]}
        assert self._client.put("/api/v1/storage", json=limits).status_code == httpx.codes.OK
        for upload in self._get("/uploads?limit=200")["items"]:
            self._client.delete(f"/api/v1/uploads/{upload['id']}")

    def email(self) -> str:
        return f"{self._next()}@generated.example"

    def user(self) -> int:
        return self._post("/users", email=self.email(), name="Somebody")

    def absence(self) -> int:
        """Have the administrator be away far ahead, in place of what was set before."""
        for known in self._get("/me/absences")["items"]:
            self._client.delete(f"/api/v1/me/absences/{known['id']}")
        return self._post("/me/absences", **{"from": "2032-05-01", "until": "2032-05-02", "substitute": self.user()})

    def group(self) -> int:
        return self._post("/groups", name=f"group {self._next()}")

    def credential(self) -> int:
        return self._post(f"/users/{self.user()}/applications", name="robot")

    def client(self) -> int:
        return self._post("/oauth-clients", name="Program", redirect_uris=["https://program.example/back"])

    def upload(self, field: str = "papers", size: int = len(PDF)) -> int:
        return self._post("/uploads", app=APP, field=field, name="sent", size=size)

    def filled_upload(self, field: str = "papers", data: bytes = PDF) -> int:
        number = self.upload(field, len(data))
        sent = self._client.put(f"/api/v1/uploads/{number}/content", content=data)
        assert sent.status_code == httpx.codes.OK, sent.text
        return number

    def instance(self, **values: object) -> int:
        given = {"subject": "Desk", "amount": 3, "papers": [self.filled_upload()], **values}
        return self._start(APP, given)

    def held_task(self) -> int:
        number = self._waiting(self.instance(), "tasks")
        claimed = self._client.post(f"/api/v1/tasks/{number}/claim")
        assert claimed.status_code == httpx.codes.OK, claimed.text
        return number

    def file(self) -> int:
        return self._file_of(self.instance(), "papers")

    def deleted_file(self) -> int:
        number = self.file()
        deleted = self._client.delete(f"/api/v1/files/{number}")
        assert deleted.status_code == httpx.codes.OK, deleted.text
        return number

    def picture_upload(self) -> int:
        drawn = io.BytesIO()
        Image.new("RGB", (9, 9), "red").save(drawn, "PNG")
        return self.filled_upload("pictures", drawn.getvalue())

    def picture(self) -> int:
        return self._file_of(self.instance(pictures=[self.picture_upload()]), "pictures")

    def search(self) -> int:
        return self._post("/searches", name=f"search {self._next()}", query={"app": APP})

    def export(self) -> int:
        self._make_room("exports", 50)
        return self._post("/exports", query={"app": APP, "title": "none such"})

    def export_link(self) -> str:
        export = self.export()
        eventually(lambda: self._get(f"/exports/{export}")["state"] == "ready")
        return self._link(f"/exports/{export}/links")

    def schedule(self) -> int:
        return self._post("/schedules", search=self.search(), folder=f"folder-{self._next()}", at="02:30")

    def migration(self) -> int:
        """Return a move of the app's instances; there is one at a time."""
        path = f"/apps/{APP}/migrations"
        started = self._client.post(f"/api/v1{path}", json={"mapping": {}})
        return int((started.json() if started.is_success else self._get(path)["items"][-1])["id"])

    def calling_instance(self) -> int:
        return self._start(CALLING_APP, {"subject": "Desk"})

    def incident(self) -> int:
        instance = self.calling_instance()
        incidents = eventually(lambda: self._get(f"/incidents?instance={instance}")["items"])
        return int(incidents[0]["id"])

    def notification(self) -> int:
        """Return what the administrator was notified of: an incident."""
        self.incident()
        return int(self._get("/notifications")["items"][0]["id"])

    def webhook(self) -> int:
        self._make_room("webhooks", 20)
        return self._post("/webhooks", app=APP, url="https://hooks.example/", active=False)

    def delivery(self) -> int:
        sent = self._client.post(f"/api/v1/webhooks/{self.webhook()}/test")
        assert sent.status_code == httpx.codes.ACCEPTED, sent.text
        return int(sent.json()["delivery"])

    def name(self) -> str:
        name = f"secret-{self._next()}"
        kept = self._client.put(f"/api/v1/secrets/{name}", json={"value": "open-sesame"})
        assert kept.status_code == httpx.codes.NO_CONTENT, kept.text
        return name

    def _start(self, app: str, values: dict[str, object]) -> int:
        started = self._client.post(f"/api/v1/apps/{app}/instances", json={"values": values})
        assert started.status_code == httpx.codes.CREATED, started.text
        return int(started.json()["instance"]["id"])

    def _file_of(self, instance: int, field: str) -> int:
        files: list[dict[str, Any]] = self._get(f"/instances/{instance}/files")["items"]
        return next(int(file["id"]) for file in files if file["field"] == field)

    def _link(self, path: str) -> str:
        made = self._client.post(f"/api/v1{path}", json={})
        assert made.status_code == httpx.codes.CREATED, made.text
        return str(made.json()["url"]).split("/")[-2]

    def _waiting(self, instance: int, what: str) -> int:
        if what == "tasks":
            return int(self._get(f"/instances/{instance}")["tasks"][0]["id"])
        return int(self._get(f"/instances/{instance}/calls")["items"][0]["id"])

    def _make_room(self, what: str, most: int) -> None:
        """Delete the first one where the limit is reached."""
        there = self._get(f"/{what}" if what == "webhooks" else f"/{what}?limit=200")["items"]
        if len(there) >= most:
            ended = self._client.delete(f"/api/v1/{what}/{there[0]['id']}")
            assert ended.status_code == httpx.codes.NO_CONTENT, ended.text

    def _get(self, path: str) -> dict[str, Any]:
        got = self._client.get(f"/api/v1{path}")
        assert got.status_code == httpx.codes.OK, got.text
        found: dict[str, Any] = json.loads(got.content)
        return found

    def _post(self, path: str, **body: object) -> int:
        made = self._client.post(f"/api/v1{path}", json=body)
        assert made.status_code in (httpx.codes.CREATED, httpx.codes.ACCEPTED), made.text
        return int(made.json()["id"])

    def _next(self) -> int:
        self._serial += 1
        return self._serial
