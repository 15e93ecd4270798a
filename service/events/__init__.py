"""Events for other systems: feeds, subscriptions, webhooks."""
