"""People and programs: accounts, users, groups, credentials, and what proves who they are."""
