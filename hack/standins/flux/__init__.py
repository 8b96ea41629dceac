"""Flux's source-controller and helm-controller, from their outside: the same states, words, order and traps.

`source_controller` reconciles GitRepositories into `artifacts`, `charts` makes charts of those, `helm_controller`
reconciles HelmReleases. `record` is one object's status while it is worked on, `loop` what calls a reconciler and when.
"""
