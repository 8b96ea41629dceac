"""What a TronadorConfig puts into environments: how it is read, what is wrong with it, and who gets what.

Pure, so that it works offline too. No text that comes from here ever holds the content of a Secret.
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
