"""Reference data that the API publishes: youth regions, municipalities, code lists, forms and workflows."""
