"""What all surfaces share: one request and its reply, bodies, what a call was given, endpoints, downloads."""
