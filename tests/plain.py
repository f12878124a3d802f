"""What HTTP clients that speak no TLS are given, so that they need not read whom this machine trusts."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""As a client's `verify`: trusts nobody. By default httpx reads the authorities for each client, which takes 50 ms."""
