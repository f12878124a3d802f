"""Check-ins: instances of an ordinary app that are ended at once."""
