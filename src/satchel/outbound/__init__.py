"""The one way out: every request that Satchel makes to another system passes here."""
