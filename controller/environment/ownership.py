"""Whose a namespace is: made by us for an environment, or there before it."""

from __future__ import annotations

from controller.api.environment import ADOPT_ANNOTATION, ADOPTED_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.objects import Object


def is_adopted(namespace: Object) -> bool:
    """Whether a namespace of ours was there before its environment, and so outlives it."""
    return not objects.annotations(namespace).keys().isdisjoint({ADOPT_ANNOTATION, ADOPTED_ANNOTATION})
