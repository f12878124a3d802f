"""`satchel admin`: administers accounts on the server's machine."""
