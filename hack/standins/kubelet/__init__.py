"""A scheduler and a kubelet without nodes: `pods` says what a Pod reports, `kubelet` writes it."""
