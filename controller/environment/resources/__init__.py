"""What an environment holds beside its release: what TronadorConfig gives it, and copies for its engine. Pure."""
