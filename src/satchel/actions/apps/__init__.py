"""Apps: deployed, and changed by vendor surfaces."""
