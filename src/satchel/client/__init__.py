"""A typed client of the native API."""
