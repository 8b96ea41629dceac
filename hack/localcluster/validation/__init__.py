"""The checks of the API server that apply to objects and requests of every kind."""
