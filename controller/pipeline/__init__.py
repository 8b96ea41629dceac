"""The CI side: from `.tronador.yaml` and a pull-request event to an environment in a GitOps repository, and back.

The commands of `controller.app.commands` are thin: their work is done here, in pure functions wherever possible.
"""
