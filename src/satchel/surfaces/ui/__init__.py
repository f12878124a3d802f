"""The web application: the built files and how browsers get them. It knows no action; all data comes from the API."""
