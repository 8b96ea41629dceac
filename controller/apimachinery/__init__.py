"""Pure helpers on plain Kubernetes objects: no I/O, no Kubernetes package, no state."""
