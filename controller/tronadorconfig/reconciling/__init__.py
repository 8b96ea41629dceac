"""Keeps the status of the TronadorConfig."""
