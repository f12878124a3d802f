"""What the native API takes in query strings and what it replies, as types that server and client library share."""
