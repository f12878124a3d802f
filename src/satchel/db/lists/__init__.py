"""Searches and lists: conditions as SQL, for instances and tasks."""
