"""Values and rules without I/O: no clock, no randomness, no network; everything else may import it."""
