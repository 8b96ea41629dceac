"""The parts of kube-controller-manager that matter: each reacts to changes of the store by writing to it."""
