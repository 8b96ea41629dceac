"""The JSON of GitLab's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hack.standins.scm.model import (
    Comment,
    CommitStatus,
    Environment,
    EnvironmentDeployment,
    PullRequest,
    Repository,
    User,
)
from hack.standins.scm.times import iso_millis, iso_millis_or_none


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes the JSON. `web` is the address of the pages, without a slash."""

    web: str

    def user(self, user: User) -> dict[str, Any]:
        """Return a user as others see it."""
        return {
            "id": user.id,
            "username": user.login,
            "public_email": None,
            "name": user.login,
            "state": "active",
            "locked": False,
            "avatar_url": None,
            "web_url": f"{self.web}/{user.login}",
        }

    def me(self, user: User) -> dict[str, Any]:
        """Return the user who asks."""
        return {
            **self.user(user),
            "created_at": iso_millis(0),
            "bot": user.is_bot,
            "email": f"{user.login}@example.com",
            "two_factor_enabled": False,
            "external": False,
        }

    def project(self, project: Repository) -> dict[str, Any]:
        """Return a project."""
        page = f"{self.web}/{project.path}"
        kind = "group" if "/" in project.owner else "user"
        return {
            "id": project.id,
            "description": None,
            "name": project.name,
            "name_with_namespace": " / ".join(project.path.split("/")),
            "path": project.name,
            "path_with_namespace": project.path,
            "created_at": iso_millis(project.created),
            "default_branch": project.default_branch,
            "visibility": "private" if project.private else "public",
            "ssh_url_to_repo": f"git@{self.web.partition('://')[2]}:{project.path}.git",
            "http_url_to_repo": f"{page}.git",
            "web_url": page,
            "namespace": {"kind": kind, "full_path": project.owner, "path": project.owner.rpartition("/")[2]},
            "archived": False,
        }

    def merge_request(self, pull: PullRequest) -> dict[str, Any]:
        """Return a merge request."""
        closed = None if pull.merged else pull.closed
        merged = pull.closed if pull.merged else None
        return {
            "id": pull.id,
            "iid": pull.number,
            "project_id": pull.repository.id,
            "title": pull.title,
            "description": None,
            "state": "opened" if pull.closed is None else "merged" if pull.merged else "closed",
            "created_at": iso_millis(pull.created),
            "updated_at": iso_millis(pull.updated),
            "closed_at": iso_millis_or_none(closed),
            "merged_at": iso_millis_or_none(merged),
            "target_branch": pull.repository.default_branch,
            "source_branch": pull.branch,
            "author": self.user(pull.author),
            "source_project_id": None if pull.head is None else pull.head.id,
            "target_project_id": pull.repository.id,
            "labels": [],
            "draft": False,
            "sha": pull.sha,
            "discussion_locked": pull.locked or None,
            "web_url": f"{self.web}/{pull.repository.path}/-/merge_requests/{pull.number}",
        }

    def note(self, note: Comment) -> dict[str, Any]:
        """Return a note on a merge request."""
        return {
            "id": note.id,
            "type": None,
            "body": note.body,
            "author": self.user(note.author),
            "created_at": iso_millis(note.created),
            "updated_at": iso_millis(note.updated),
            "system": False,
            "noteable_id": note.pull.id,
            "noteable_type": "MergeRequest",
            "project_id": note.pull.repository.id,
            "resolvable": False,
            "confidential": False,
            "internal": False,
            "imported": False,
            "imported_from": "none",
            "noteable_iid": note.pull.number,
            "commands_changes": {},
        }

    def status(self, status: CommitStatus) -> dict[str, Any]:
        """Return the status of a commit."""
        finished = status.state not in ("pending", "running")
        return {
            "id": status.id,
            "sha": status.sha,
            "ref": status.ref,
            "status": status.state,
            "name": status.context,
            "target_url": status.target_url,
            "description": status.description,
            "created_at": iso_millis(status.created),
            "started_at": None if status.state == "pending" else iso_millis(status.created),
            "finished_at": iso_millis(status.updated) if finished else None,
            "allow_failure": False,
            "coverage": None,
            "pipeline_id": status.repository.id,
            "author": self.user(status.author),
        }

    def environment(self, environment: Environment) -> dict[str, Any]:
        """Return an environment."""
        return {
            "id": environment.id,
            "name": environment.name,
            "slug": environment.slug,
            "external_url": environment.external_url,
            "created_at": iso_millis(environment.created),
            "updated_at": iso_millis(environment.updated),
            "tier": environment.tier,
            "state": environment.state,
            "auto_stop_at": None,
            "project": self.project(environment.repository),
        }

    def deployment(self, deployment: EnvironmentDeployment) -> dict[str, Any]:
        """Return a deployment."""
        environment = self.environment(deployment.environment)
        return {
            "id": deployment.id,
            "iid": deployment.iid,
            "ref": deployment.ref,
            "sha": deployment.sha,
            "created_at": iso_millis(deployment.created),
            "updated_at": iso_millis(deployment.updated),
            "status": deployment.status,
            "user": self.user(deployment.author),
            "environment": {key: environment[key] for key in ("id", "name", "slug", "external_url")},
            "deployable": None,
        }
