"""PostgreSQL: the pool, the embedded server, and all SQL."""
