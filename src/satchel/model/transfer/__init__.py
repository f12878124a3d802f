"""What files are called and how they travel: names, media types, ranges, archives."""
