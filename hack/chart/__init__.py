"""Generates the parts of `manifests/chart` that repeat other files: manifests, options of `tronador run`, the version.

A test checks that the repository has the generated text.
"""
