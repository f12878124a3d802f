"""The native API's query strings and replies, as types shared by the server and the client library."""
