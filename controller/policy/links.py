"""Finders for the table in `rules`: where a link that others show may lead to."""

from __future__ import annotations

from controller.api.environment import PREVIEW_URL_ANNOTATION, Environment
from controller.apimachinery import weburls
from controller.policy.chart import Found
from controller.policy.options import PolicyOptions


def no_web_url(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a preview URL that no browser should be sent to."""
    url = environment.preview_url
    if url and not weburls.is_valid(url):
        yield ("metadata", "annotations", PREVIEW_URL_ANNOTATION), url
