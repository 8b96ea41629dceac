"""The demonstration: the journey of one pull request's environment, told as it happens."""
