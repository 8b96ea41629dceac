"""Argo CD: the annotations of objects with which it shows links."""

from __future__ import annotations

from typing import Final

# On any object: a link beside it. Its value is a URL, or a title and a URL with a bar between them.
LINK_ANNOTATION: Final = "link.argocd.argoproj.io/external-link"
# "true" on an Ingress or a Service: Argo CD makes no links from its hosts.
IGNORE_DEFAULT_LINKS_ANNOTATION: Final = "argocd.argoproj.io/ignore-default-links"
