"""The Flokzu surface: process instances, databases, users, and the files in them."""
