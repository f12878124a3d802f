"""The order of work: takes a definition, a state and a command, returns the next state and its effects."""
