"""Where the Questetra surface's calls are."""

PREFIX = "/questetra"
API = f"{PREFIX}/API"
