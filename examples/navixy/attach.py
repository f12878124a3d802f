"""Signs in, attaches a file to a field of a task's form, and fetches it again. Needs `requests`.

NAVIXY_URL=https://api.navixy.com/v2/fsm python attach.py LOGIN PASSWORD TASK FIELD FILE
"""

import os
import sys
from pathlib import Path
from typing import Any

import requests

TIMEOUT_S = 60


class Refused(Exception):
    """An answer whose `success` is false."""


def call(api: str, path: str, **given: object) -> dict[str, Any]:
    """Make a call and return its answer."""
    answer: dict[str, Any] = requests.post(f"{api}/{path}", json=given, timeout=TIMEOUT_S).json()
    if not answer["success"]:
        raise Refused(
            f"{path}: {answer['status']['code']} {answer['status']['description']} {answer.get('errors', '')}"
        )
    return answer


def attach(api: str, session: str, task: int, field: str, file: Path) -> str:
    """Attach a file and return the address that it is fetched from."""
    size = file.stat().st_size
    place = call(api, "task/form/file", hash=session, task_id=task, field_id=field, size=size)["value"]
    with file.open("rb") as content:
        sent = requests.post(
            place["url"],
            data=place["fields"],
            files={place["file_field_name"]: (file.name, content)},
            timeout=TIMEOUT_S,
        )
    sent.raise_for_status()
    value = {"type": "file", "file_ids": [place["file_id"]]}
    call(api, "task/form/values/update", hash=session, task_id=task, values={field: value})
    held = call(api, "task/form/read", hash=session, task_id=task)["files"]
    return str(next(one["download_url"] for one in held if one["id"] == place["file_id"]))


def main(login: str, password: str, task: str, field: str, name: str) -> None:
    """Attach a file and check that the same bytes come back."""
    api, file = os.environ["NAVIXY_URL"], Path(name)  # noqa: TID251  # a program of its own
    session = call(api, "user/auth", login=login, password=password)["hash"]
    address = attach(api, session, int(task), field, file)
    fetched = requests.get(address, timeout=TIMEOUT_S)
    fetched.raise_for_status()
    print(address, "the same" if fetched.content == file.read_bytes() else "DIFFERS")
    call(api, "user/logout", hash=session)


if __name__ == "__main__":
    main(*sys.argv[1:])
