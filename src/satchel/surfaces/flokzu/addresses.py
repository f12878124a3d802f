"""Where the Flokzu surface's calls are: version 1 has the API key in its paths, version 2 in a header."""

PREFIX = "/flokzu"
BASE = f"{PREFIX}/flokzuopenapi/api"

KEY_PARAMETER = "key"
"""What the routes of version 1 call the key in their paths."""

V1 = f"{BASE}/{{{KEY_PARAMETER}}}"
V2 = f"{BASE}/v2"
