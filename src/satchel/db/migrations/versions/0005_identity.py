"""Ceilings of storage; sign-in by account; secrets that apps are granted.

Every app could use every secret of its account before. A secret is granted to the apps that name it in any of their
versions, and to no other.
"""

from collections.abc import Iterator
from typing import cast

import yaml
from alembic import op
from psycopg import Connection

from satchel.db.migrations.sql import run_sql

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change everything that `0005_identity.sql` says, and grant the secrets."""
    run_sql("0005_identity.sql")
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, Connection):
        raise TypeError("migrations run on a psycopg connection")
    cursor = cast("Connection[tuple[int, str, bytes]]", connection).cursor()
    versions = cursor.execute(
        "SELECT v.account_id, a.code, v.manifest FROM app_versions v"
        " JOIN apps a ON a.account_id = v.account_id AND a.id = v.app_id"
        " WHERE EXISTS (SELECT FROM secrets s WHERE s.account_id = v.account_id) ORDER BY v.account_id, a.code"
    ).fetchall()
    for account, code, manifest in versions:
        cursor.execute(
            "UPDATE secrets SET apps = array_append(apps, %(code)s)"
            " WHERE account_id = %(account)s AND name = ANY(%(names)s) AND NOT %(code)s = ANY(apps)",
            {"account": account, "code": code, "names": list(_named(manifest))},
        )


def _named(manifest: bytes) -> Iterator[str]:
    """Give the secrets that an app.yaml names, by its plain words: today's checks do not bind a version of earlier."""
    try:
        document: object = yaml.safe_load(manifest)
    except yaml.YAMLError:
        return
    for service in _mapping(_mapping(document).get("services")).values():
        auth = _mapping(_mapping(service).get("auth"))
        for key in ("password", "token", "value", "client_secret"):
            name = auth.get(key)
            if isinstance(name, str):
                yield name


def _mapping(value: object) -> dict[object, object]:
    return cast("dict[object, object]", value) if isinstance(value, dict) else {}
