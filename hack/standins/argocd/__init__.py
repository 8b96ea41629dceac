"""Argo CD as its users see it: keeps the cluster equal to folders of git repositories."""
