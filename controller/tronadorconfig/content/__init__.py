"""Reads a TronadorConfig, finds its problems, and decides which of its objects each environment gets.

Pure, so that it also works offline. Its messages never contain the content of a Secret.
"""

from .checks import cluster_scoped, of_manifest, problems, unknown_kind
from .model import ConfigContent, Copy, Manifest, RepositoryMapping, SecretNames
from .parsing import parse
from .secret_data import copied, in_one_map
from .share import Share, Sharing

__all__ = [
    "ConfigContent",
    "Copy",
    "Manifest",
    "RepositoryMapping",
    "SecretNames",
    "Share",
    "Sharing",
    "cluster_scoped",
    "copied",
    "in_one_map",
    "of_manifest",
    "parse",
    "problems",
    "unknown_kind",
]
