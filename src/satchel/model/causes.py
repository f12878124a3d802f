"""What stands behind an error, for logs."""

import errno


def cause_of(error: BaseException) -> str | None:
    """Return what the foreign error is called that an error wraps, with its code; None where it wraps none.

    Never its text: that of a database holds values, that of a file system paths.
    """
    cause = error.__cause__
    if cause is None:
        return None
    diagnosis = getattr(cause, "diag", None)
    details = [
        getattr(cause, "sqlstate", None),
        getattr(diagnosis, "constraint_name", None),
        errno_of(error),
    ]
    return " ".join([type(cause).__name__, *(str(detail) for detail in details if detail)])


def errno_of(error: BaseException) -> str | None:
    """Return the operating system's word for what an error wraps, such as EIO; None where it wraps nothing of that."""
    cause = error.__cause__
    return errno.errorcode.get(cause.errno or 0, "unknown") if isinstance(cause, OSError) else None
