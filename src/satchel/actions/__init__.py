"""What can be done: each action checks access, is one transaction, and writes one event."""
