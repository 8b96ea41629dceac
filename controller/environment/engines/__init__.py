"""Release engines: the objects that each wants, and what their status means. Pure."""
