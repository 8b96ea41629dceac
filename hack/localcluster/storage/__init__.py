"""Objects, their history, and snapshots of the past: what etcd and the watch cache are to the real server."""
