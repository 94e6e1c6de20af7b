"""The HTTP surface: messages, problems, routes, OpenAPI."""
