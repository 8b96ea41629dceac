"""Retires environments whose pull request was closed without the pipeline hearing of it.

- `candidates` reads the files of the GitOps repository, and `expired` what the cluster says about them. Pure.
- `inquiry` asks GitHub and GitLab for the pull request of each.
- `verdicts` decides from the answers what goes, and when too much would go. Pure.
- `findings` shows the result to people and programs.

Only a certain answer ends an environment: HTTP 200 with a state that is closed. Everything else keeps it.
"""
