"""Argo CD, from its outside: folders of git repositories that become, and stay, what is in the cluster."""
