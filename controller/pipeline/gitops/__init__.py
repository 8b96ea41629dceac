"""The GitOps repository: one file per environment, added and removed by pipelines that may run at the same time."""

from controller.pipeline.gitops.changes import Change, Content, Outcome, Places, folder, places, publish, retire
from controller.pipeline.gitops.commits import Author
from controller.pipeline.gitops.credentials import Credentials, check
from controller.pipeline.gitops.document import peek, read_environment
from controller.pipeline.gitops.failures import GitOpsError
from controller.pipeline.gitops.origin import Origin
from controller.pipeline.gitops.origin import of as origin_of
from controller.pipeline.gitops.publishing import Leaving, PushTarget, bring, documents, retire_all
from controller.pipeline.gitops.remote import Remote
from controller.pipeline.gitops.remote import parse as parse_remote

__all__ = [
    "Author",
    "Change",
    "Content",
    "Credentials",
    "GitOpsError",
    "Leaving",
    "Origin",
    "Outcome",
    "Places",
    "PushTarget",
    "Remote",
    "bring",
    "check",
    "documents",
    "folder",
    "origin_of",
    "parse_remote",
    "peek",
    "places",
    "publish",
    "read_environment",
    "retire",
    "retire_all",
]
