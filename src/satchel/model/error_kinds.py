"""The categories of errors."""

from enum import Enum


class ErrorKind(Enum):
    """The category of an error; the value is the HTTP status of the native API."""

    INVALID = 400
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD = 405
    TIMEOUT = 408
    CONFLICT = 409
    GONE = 410
    LENGTH_REQUIRED = 411
    PRECONDITION = 412
    TOO_LARGE = 413
    UNSUPPORTED = 415
    RANGE = 416
    UNPROCESSABLE = 422
    PRECONDITION_REQUIRED = 428
    TOO_MANY = 429
    CHECKSUM = 460
    """tus 1.0, checksum extension: the bytes do not have the digest that the client gave."""
    UNAVAILABLE = 503
    STORAGE = 507
