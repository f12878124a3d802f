"""Instances and tasks: started, filled in, completed, and moved on by the engine."""
