"""What a TronadorConfig puts into environments: how it is read, what is wrong with it, and who gets what.

Pure, so that it works offline too. No text that comes from here ever holds the content of a Secret.
"""

from .checks import of_manifest, problems
from .model import Copy, Credentials, Manifest, Problem, RepositoryMapping, SharedConfig
from .parsing import parse
from .share import Share, for_repository

__all__ = [
    "Copy",
    "Credentials",
    "Manifest",
    "Problem",
    "RepositoryMapping",
    "Share",
    "SharedConfig",
    "for_repository",
    "of_manifest",
    "parse",
    "problems",
]
