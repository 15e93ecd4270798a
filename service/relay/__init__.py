"""Tells the outside: fills the feeds from the outbox, and calls webhooks."""
