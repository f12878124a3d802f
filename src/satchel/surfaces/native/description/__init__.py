"""The native API's description in OpenAPI: what endpoints say of themselves, and the document made of it."""
