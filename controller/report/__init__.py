"""Tells the pull request what its environment does: one comment, a commit status, and a deployment.

From an object to a request in one direction:

- `feedback` reads an EnvironmentProvisioner and says what the pull request should show; `inert` and `texts` write it so
  that what authors wrote is only text. `record` is what was reported before. These are pure.
- `credentials` says which repositories may be written to, and with what; `folders` reads it from files.
- `github` and `gitlab` make what they find there equal to the feedback, through `scm`, the contract of both.
- `web` sends requests over `connections`; `budget` holds each set of credentials to its limits; `outcomes` sorts the
  answers.
- `reporter` does it for one environment, and `reconciler` for all of them.
"""
