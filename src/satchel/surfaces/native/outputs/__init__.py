"""What the native API writes: rows and views as the types of `satchel.model.api`, a module for each of its modules."""
