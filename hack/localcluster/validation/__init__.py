"""What the API server checks on every object and request, whatever its kind."""
