"""Bundles: app.yaml read, checked and written."""
