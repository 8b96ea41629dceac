"""What an environment has besides its release: objects from the TronadorConfig, and copies for its engine. Pure."""
