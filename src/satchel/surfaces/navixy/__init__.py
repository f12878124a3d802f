"""The Navixy surface: tasks, forms and their files, as clients of the Navixy Platform API v2 know them."""
