"""Watches: following a resource's changes from a version on."""
