"""Searches and lists, by the native query and by each vendor's."""
