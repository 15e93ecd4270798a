"""HTTP itself: the application, the edge, problems, parameters, the OpenAPI document."""
