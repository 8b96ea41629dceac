"""Constants and typed read views of the kinds that we own or write. Pure."""
