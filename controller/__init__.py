"""Tronador: a namespace and a Helm release for every pull request. `docs/architecture.md` is the map."""
