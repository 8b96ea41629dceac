"""A small GitHub and GitLab for tests and the demonstration: what `tronador report` reads and writes, and faults."""
