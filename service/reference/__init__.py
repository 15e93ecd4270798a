"""Youth regions, municipalities, code lists and workflows as the API publishes them."""
