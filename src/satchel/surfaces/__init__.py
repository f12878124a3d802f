"""How the world talks to Satchel: each surface translates its wire format to actions."""
