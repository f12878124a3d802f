"""Names and formats of transferred files: names, media types, ranges, archives."""
