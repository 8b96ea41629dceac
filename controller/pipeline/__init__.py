"""The CI side: from `.tronador.yaml` and a pull-request event to an environment in a GitOps repository, and back.

Each command of `controller.app.commands` is thin; what it does is here, and as pure as it can be.
"""
