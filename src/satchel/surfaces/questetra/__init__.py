"""The Questetra surface: processes, their data items and the files in them."""
