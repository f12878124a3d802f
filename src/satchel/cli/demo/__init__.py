"""`satchel demo`: a server with sample apps, people and files."""
