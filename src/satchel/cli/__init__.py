"""The command line: each module is one command and calls main, settings or the client."""
