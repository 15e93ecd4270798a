"""Events for other systems: feeds, webhook subscriptions and deliveries."""
