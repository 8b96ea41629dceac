"""Reads a TronadorConfig, finds its problems, and decides which of its objects each environment gets.

Pure, so that it also works offline. Its messages never contain the content of a Secret.
"""

from .checks import cluster_scoped, of_manifest, problems
from .model import Copy, Credentials, Manifest, Problem, RepositoryMapping, SharedConfig
from .parsing import parse
from .secret_data import in_one_map
from .share import Share, for_repository

__all__ = [
    "Copy",
    "Credentials",
    "Manifest",
    "Problem",
    "RepositoryMapping",
    "Share",
    "SharedConfig",
    "cluster_scoped",
    "for_repository",
    "in_one_map",
    "of_manifest",
    "parse",
    "problems",
]
