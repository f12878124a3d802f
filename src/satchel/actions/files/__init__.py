"""Files: tickets, arriving bytes, files of instances, links and previews."""
