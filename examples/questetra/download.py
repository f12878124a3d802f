"""Downloads every file of the first ten processes that process-criteria.txt finds into ./file_py.

The sample script of "Download Process Files Using the Workflow API", completed. It needs Python 3 and Requests:

    export QUESTETRA_URL=http://127.0.0.1:8080/questetra QUESTETRA_EMAIL=… QUESTETRA_API_PASSWORD=…
    python download.py
"""

import os
import re
import sys
from pathlib import Path

import requests

BASE_URL = os.environ.get("QUESTETRA_URL", "http://127.0.0.1:8080/questetra")  # noqa: TID251  # a script of its own
PROCESS_SEARCH_URL = f"{BASE_URL}/API/OR/ProcessInstance/list"
FILE_DOWNLOAD_URL = f"{BASE_URL}/API/OR/ProcessInstance/File/download"
CRITERIA = Path("process-criteria.txt")
FOLDER = Path("file_py")
TIMEOUT_S = 60


def sign_in() -> requests.Session:
    """Return a session that signs every request in with e-mail and API password."""
    session = requests.Session()
    session.auth = (os.environ["QUESTETRA_EMAIL"], os.environ["QUESTETRA_API_PASSWORD"])  # noqa: TID251  # same
    return session


def search(session: requests.Session, *, start: int, limit: int) -> dict:
    """Return the answer to a search: how many processes there are, and a page of them."""
    parameters = {"criteria": CRITERIA.read_text(encoding="utf-8"), "start": start, "limit": limit}
    answer = session.post(PROCESS_SEARCH_URL, data=parameters, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


def download(session: requests.Session, process: dict) -> None:
    """Save all files of one process into its folder, over those that are there already."""
    title = "{processInstanceId}_{processModelInfoName}_({processInstanceTitle})".format_map(process)
    folder = FOLDER / as_name(title)
    for data in (process["data"] or {}).values():
        if data["dataType"] != "FILE2" or data["value"] is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for file in data["value"]:
            parameters = {"id": file["id"], "processDataInstanceId": file["processDataInstanceId"]}
            answer = session.post(FILE_DOWNLOAD_URL, data=parameters, timeout=TIMEOUT_S)
            answer.raise_for_status()
            (folder / as_name(file["name"])).write_bytes(answer.content)


def as_name(text: str) -> str:
    """Return a text as the name of a file or folder: what would lead elsewhere becomes an underscore."""
    name = re.sub(r"[/\x00-\x1f\x7f]", "_", text)
    return re.sub(r"^\.{1,2}$", "_", name)


def main() -> None:
    """Download the files of the first ten processes."""
    session = sign_in()
    for process in search(session, start=0, limit=10)["processInstances"]:
        download(session, process)


if __name__ == "__main__":
    try:
        main()
    except requests.exceptions.HTTPError as error:
        sys.exit(f"Status Code: {error.response.status_code} {error.response.text}")
    except requests.exceptions.RequestException as error:
        sys.exit(f"{type(error).__name__}: {error}")
