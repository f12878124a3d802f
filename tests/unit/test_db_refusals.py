"""Every error of the database means something to everybody else."""

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from satchel.db.refusals import database_errors, refusal
from satchel.model.errors import (
    Busy,
    Conflict,
    DatabaseUnavailable,
    DiskFull,
    InvalidRequest,
    NotFound,
    SatchelError,
    Unavailable,
)

KNOWN = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, psycopg.Error)]
POOL = [PoolClosed, PoolTimeout, TooManyRequests]

MEANINGS: dict[type[psycopg.Error], type[SatchelError]] = {
    errors.ReadOnlySqlTransaction: DatabaseUnavailable,
    errors.AdminShutdown: DatabaseUnavailable,
    errors.CrashShutdown: DatabaseUnavailable,
    errors.CannotConnectNow: DatabaseUnavailable,
    errors.ConnectionFailure: DatabaseUnavailable,
    errors.TooManyConnections: DatabaseUnavailable,
    errors.OutOfMemory: DatabaseUnavailable,
    errors.InvalidCatalogName: DatabaseUnavailable,
    errors.InvalidPassword: DatabaseUnavailable,
    psycopg.OperationalError: DatabaseUnavailable,
    PoolTimeout: DatabaseUnavailable,
    TooManyRequests: DatabaseUnavailable,
    errors.SerializationFailure: Busy,
    errors.DeadlockDetected: Busy,
    errors.LockNotAvailable: Busy,
    errors.DiskFull: DiskFull,
    errors.QueryCanceled: Unavailable,
    errors.DataCorrupted: Unavailable,
    errors.IoError: Unavailable,
    errors.UndefinedTable: Unavailable,
    errors.InsufficientPrivilege: Unavailable,
    errors.FeatureNotSupported: Unavailable,
    errors.RaiseException: Unavailable,
    psycopg.InterfaceError: Unavailable,
    errors.ForeignKeyViolation: Conflict,
    errors.RestrictViolation: Conflict,
    errors.UniqueViolation: Conflict,
    errors.ExclusionViolation: Conflict,
    errors.CheckViolation: Conflict,
    errors.NotNullViolation: Conflict,
    errors.NumericValueOutOfRange: InvalidRequest,
    psycopg.DataError: InvalidRequest,
    errors.ProgramLimitExceeded: InvalidRequest,
}


@pytest.mark.parametrize("kind", [*KNOWN, *POOL], ids=lambda kind: kind.__name__)
def test_no_error_of_the_database_goes_without_a_meaning(kind: type[psycopg.Error]) -> None:
    assert len(KNOWN) > 200

    with pytest.raises(SatchelError), database_errors():
        raise kind("what the server said")


@pytest.mark.parametrize(("kind", "meaning"), MEANINGS.items(), ids=lambda kind: kind.__name__)
def test_an_error_of_the_database_means(kind: type[psycopg.Error], meaning: type[SatchelError]) -> None:
    assert type(refusal(kind("what the server said"))) is meaning


def test_an_error_that_a_library_passes_on_means_the_same() -> None:
    with pytest.raises(DatabaseUnavailable, match="read-only"), database_errors():
        raise ConnectorException from errors.ReadOnlySqlTransaction()


@pytest.mark.parametrize("error", [NotFound("thing"), LookupError("ours")])
def test_errors_of_others_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, database_errors():
        raise error

    assert raised.value is error
