"""What keeps a server healthy: the sweep, the doctor, probes."""
