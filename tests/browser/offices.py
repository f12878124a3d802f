"""An account for each test, with the demo's people and apps and nothing else, on the server that all tests share.

It is made with the actions themselves, beside the server, on its database and store: in a tenth of a second.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from satchel.actions.context import Context
from satchel.cli.demo.data import Stage, people_and_apps

RECEIVER = "127.0.0.1:9"
"""Where calls of the apps go: nobody answers there."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Login:
    """How one of the people signs in."""

    email: str
    password: str
    token: str


@dataclass(slots=True, frozen=True, kw_only=True)
class Office:
    """One test's account.

    Attributes:
        stage: starts and completes instances as one of the people, with sample files.
        logins: of the demo's people by key: admin, buyer, clerk, technician, archivist, integrator.
        door: the API without a browser, for nobody: add a header or a cookie.
    """

    stage: Stage
    logins: dict[str, Login]
    door: httpx.AsyncClient

    async def session(self, who: str) -> tuple[str, str]:
        """Sign somebody in and return the cookie's name and value.

        The door's passwords cost nothing. The server spends a second on each, as it does on whoever guesses.
        """
        login = self.logins[who]
        answer = await self.door.post("/api/v1/session", json={"email": login.email, "password": login.password})
        assert answer.status_code == 201, answer.text
        ((name, value),) = answer.cookies.items()
        self.door.cookies.clear()
        return name, value

    async def deploy(self, bundle: Mapping[str, str]) -> None:
        """Deploy an app, or its next version, from the texts of its files by name."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in bundle.items():
                archive.writestr(name, text)
        headers = {**self.as_program("admin"), "Content-Type": "application/zip"}
        answer = await self.door.post("/api/v1/apps", content=packed.getvalue(), headers=headers)
        assert answer.status_code == 201, answer.text

    def as_program(self, who: str) -> dict[str, str]:
        """Return the headers with which the door is opened to one of the people's programs."""
        return {"Authorization": f"Bearer {self.logins[who].token}"}


async def open_office(context: Context, door: httpx.AsyncClient, name: str) -> Office:
    """Create the account of a test."""
    stage, made = await people_and_apps(context, name, RECEIVER)
    logins = {key: Login(email=one["email"], password=one["password"], token=one["token"]) for key, one in made.items()}
    return Office(stage=stage, logins=logins, door=door)
