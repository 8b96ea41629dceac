"""Saves the objects that a release leaves in a cluster, for the upgrade tests of later versions."""
