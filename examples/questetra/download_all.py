"""Downloads every file of every process that process-criteria.txt finds into ./file_py, a page at a time.

As download.py beside it, which it uses; it reads all pages, until as many processes were seen as the search counts.
"""

import os
import sys

import requests
from download import download, search, sign_in

LIMIT = int(os.environ.get("QUESTETRA_LIMIT", "1000"))  # noqa: TID251  # a script of its own
"""Processes per page; 1000 is the most that the API gives."""


def main() -> None:
    """Download the files of all processes."""
    session = sign_in()
    start, count = 0, 1
    while start < count:
        page = search(session, start=start, limit=LIMIT)
        for process in page["processInstances"]:
            download(session, process)
        start, count = start + LIMIT, page["count"]


if __name__ == "__main__":
    try:
        main()
    except requests.exceptions.HTTPError as error:
        sys.exit(f"Status Code: {error.response.status_code} {error.response.text}")
    except requests.exceptions.RequestException as error:
        sys.exit(f"{type(error).__name__}: {error}")
