"""Helm as a library for stand-ins: the real template engine, releases in storage Secrets, objects through the API."""
