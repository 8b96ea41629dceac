"""The TronadorConfig: what it says (`content`), and the reconciler of its status (`reconciling`)."""
