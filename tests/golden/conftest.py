"""The application that transcripts are replayed against."""

from surfaces.conftest import api

__all__ = ["api"]
