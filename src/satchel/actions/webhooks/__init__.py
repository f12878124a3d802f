"""Webhooks: subscriptions, and what is delivered to them."""
