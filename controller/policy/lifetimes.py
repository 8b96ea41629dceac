"""Finders for the table in `rules`: how long an environment asks to live."""

from __future__ import annotations

from controller.api import lifecycle
from controller.api.environment import EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION, Environment
from controller.policy.chart import Found
from controller.policy.options import PolicyOptions


def bad_expire_after(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a lifetime of another form."""
    if text := environment.expire_after:
        try:
            lifecycle.expire_after(text)
        except ValueError:
            yield ("spec", "lifecycle", "expireAfter"), text


def bad_keep(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a value of the annotation that says neither yes nor until when."""
    if text := environment.keep:
        try:
            lifecycle.keep(text)
        except ValueError:
            yield ("metadata", "annotations", KEEP_ANNOTATION), text


def bad_expire_at(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a value of the annotation that is not a time."""
    if text := environment.expire_at:
        try:
            lifecycle.moment(text)
        except ValueError:
            yield ("metadata", "annotations", EXPIRE_AT_ANNOTATION), text
