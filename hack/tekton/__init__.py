"""Writes the filters of `manifests/tekton/triggers.yaml`, which decide as `tronador event` does.

A test checks that the file has the generated text.
"""
