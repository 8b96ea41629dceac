"""The demonstration: shows the life of one pull request's environment as it happens."""
