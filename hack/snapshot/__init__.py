"""What a release leaves in a cluster, kept as a file for the upgrade tests of later versions."""
