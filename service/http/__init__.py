"""HTTP for all subjects: the application, the edge, problems, parameters, the OpenAPI document."""
