"""Where an application can be seen: which URLs there are, when to look for them, and what the status says."""
