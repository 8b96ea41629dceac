"""GitHub's REST API, as api.github.com serves it at its root and GitHub Enterprise Server below /api/v3."""
