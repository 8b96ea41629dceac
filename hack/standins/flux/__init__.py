"""Flux's source-controller and helm-controller as their users see them: the same states, messages, order and traps.

`source_controller` reconciles GitRepositories into `artifacts`, `charts` makes charts of those, `helm_controller`
reconciles HelmReleases. `record` is one object's status while it is worked on, `loop` what calls a reconciler and when.
"""
