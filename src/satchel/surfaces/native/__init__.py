"""The native API under /api/v1: JSON, RFC 9457 problems, cursor paging."""
