"""`satchel admin`: administration of accounts on the server's machine."""
