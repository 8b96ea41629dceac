"""The JSON of GitHub's objects, with every field that its description requires."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hack.standins.scm.access import App, Installation
from hack.standins.scm.model import (
    Comment,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    PullRequest,
    Repository,
    User,
)
from hack.standins.scm.times import iso, iso_or_none

_USER_LINKS: Final = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_LINKS: Final = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS: Final = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count")
_MORE_COUNTS: Final = ("watchers", "watchers_count", "network_count", "subscribers_count")


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes the JSON. `api` is the address of the API for links, `web` that of the pages, both without a slash."""

    api: str
    web: str

    def user(self, user: User) -> dict[str, Any]:
        """Return a Simple User."""
        url = f"{self.api}/users/{user.login}"
        return {
            "login": user.login,
            "id": user.id,
            "node_id": _node("User", user.id),
            "avatar_url": f"{self.web}/avatars/{user.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.web}/{user.login}",
            **{name: url + path for name, path in _USER_LINKS.items()},
            "type": "Bot" if user.is_bot else "User",
            "site_admin": False,
        }

    def public_user(self, user: User) -> dict[str, Any]:
        """Return a Public User."""
        unknown = ("name", "company", "location", "email", "hireable", "bio")
        counts = ("public_repos", "public_gists", "followers", "following")
        return {
            **self.user(user),
            **dict.fromkeys(unknown),
            "blog": "",
            **dict.fromkeys(counts, 0),
            "created_at": iso(0),
            "updated_at": iso(0),
        }

    def repository(self, repository: Repository, owner: User) -> dict[str, Any]:
        """Return a Full Repository."""
        url, page = f"{self.api}/repos/{repository.path}", f"{self.web}/{repository.path}"
        host = self.web.partition("://")[2]
        return {
            "id": repository.id,
            "node_id": _node("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.path,
            "private": repository.private,
            "visibility": "private" if repository.private else "public",
            "owner": self.user(owner),
            "html_url": page,
            "description": None,
            "fork": False,
            "url": url,
            **{name: url + path for name, path in _REPOSITORY_LINKS.items()},
            "clone_url": f"{page}.git",
            "git_url": f"git://{host}/{repository.path}.git",
            "ssh_url": f"git@{host}:{repository.path}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            **dict.fromkeys((*_COUNTS, *_MORE_COUNTS), 0),
            "default_branch": repository.default_branch,
            "has_issues": True,
            "has_projects": False,
            "has_downloads": False,
            "has_wiki": False,
            "has_pages": False,
            "has_discussions": False,
            "archived": False,
            "disabled": False,
            "pushed_at": iso(repository.created),
            "created_at": iso(repository.created),
            "updated_at": iso(repository.created),
        }

    def pull(self, pull: PullRequest, owners: Mapping[int, User], comments: int) -> dict[str, Any]:
        """Return a Pull Request; `owners` are those of its repositories, by the repository's id."""
        base = f"{self.api}/repos/{pull.repository.path}"
        url, issue, page = f"{base}/pulls/{pull.number}", f"{base}/issues/{pull.number}", self.pull_page(pull)
        links = {
            "self": url,
            "html": page,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{base}/pulls/comments{{/number}}",
            "commits": f"{url}/commits",
            "statuses": f"{base}/statuses/{pull.sha}",
        }
        unknown = ("body", "assignee", "milestone", "auto_merge", "merge_commit_sha")
        return {
            "url": url,
            "id": pull.id,
            "node_id": _node("PullRequest", pull.id),
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "issue_url": issue,
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "comments_url": links["comments"],
            "statuses_url": links["statuses"],
            "number": pull.number,
            "state": "open" if pull.closed is None else "closed",
            "locked": pull.locked,
            "title": pull.title,
            "user": self.user(pull.author),
            **dict.fromkeys(unknown),
            "labels": [],
            "draft": False,
            "head": self._end(pull.head, pull.branch, pull.sha, pull.author, owners),
            "base": self._end(
                pull.repository,
                pull.repository.default_branch,
                pull.repository.commit_of(pull.repository.default_branch),
                owners[pull.repository.id],
                owners,
            ),
            "_links": {name: {"href": href} for name, href in links.items()},
            "author_association": "CONTRIBUTOR",
            "created_at": iso(pull.created),
            "updated_at": iso(pull.updated),
            "closed_at": iso_or_none(pull.closed),
            "merged_at": iso_or_none(pull.closed if pull.merged else None),
            "merged": pull.merged,
            "merged_by": self.user(pull.author) if pull.merged else None,
            "mergeable": None,
            "mergeable_state": "unknown",
            "maintainer_can_modify": False,
            "comments": comments,
            **dict.fromkeys(("review_comments", "deletions"), 0),
            **dict.fromkeys(("commits", "additions", "changed_files"), 1),
        }

    def comment(self, comment: Comment, app: App | None) -> dict[str, Any]:
        """Return an Issue Comment; `app` wrote it."""
        base = f"{self.api}/repos/{comment.pull.repository.path}"
        return {
            "url": f"{base}/issues/comments/{comment.id}",
            "html_url": f"{self.pull_page(comment.pull)}#issuecomment-{comment.id}",
            "issue_url": f"{base}/issues/{comment.pull.number}",
            "id": comment.id,
            "node_id": _node("IssueComment", comment.id),
            "user": self.user(comment.author),
            "created_at": iso(comment.created),
            "updated_at": iso(comment.updated),
            "body": comment.body,
            "author_association": "NONE" if comment.author.is_bot else "CONTRIBUTOR",
            "performed_via_github_app": None if app is None else self.app(app),
        }

    def status(self, status: CommitStatus) -> dict[str, Any]:
        """Return a Status of a commit."""
        return {
            "url": f"{self.api}/repos/{status.repository.path}/statuses/{status.sha}",
            "avatar_url": f"{self.web}/avatars/{status.author.id}",
            "id": status.id,
            "node_id": _node("StatusContext", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": iso(status.created),
            "updated_at": iso(status.updated),
            "creator": self.user(status.author),
        }

    def deployment(self, deployment: Deployment, app: App | None) -> dict[str, Any]:
        """Return a Deployment; `app` created it."""
        base = f"{self.api}/repos/{deployment.repository.path}"
        url = f"{base}/deployments/{deployment.id}"
        return {
            "url": url,
            "id": deployment.id,
            "node_id": _node("Deployment", deployment.id),
            "sha": deployment.sha,
            "ref": deployment.ref,
            "task": deployment.task,
            "payload": deployment.payload,
            "original_environment": deployment.environment,
            "environment": deployment.statuses[-1].environment if deployment.statuses else deployment.environment,
            "description": deployment.description,
            "creator": self.user(deployment.author),
            "created_at": iso(deployment.created),
            "updated_at": iso(deployment.updated),
            "statuses_url": f"{url}/statuses",
            "repository_url": base,
            "transient_environment": deployment.transient,
            "production_environment": deployment.production,
            "performed_via_github_app": None if app is None else self.app(app),
        }

    def deployment_status(self, deployment: Deployment, status: DeploymentStatus, app: App | None) -> dict[str, Any]:
        """Return a Deployment Status."""
        base = f"{self.api}/repos/{deployment.repository.path}"
        url = f"{base}/deployments/{deployment.id}"
        return {
            "url": f"{url}/statuses/{status.id}",
            "id": status.id,
            "node_id": _node("DeploymentStatus", status.id),
            "state": status.state,
            "creator": self.user(status.author),
            "description": status.description,
            "environment": status.environment,
            "target_url": status.target_url,
            "log_url": status.target_url,
            "environment_url": status.environment_url,
            "created_at": iso(status.created),
            "updated_at": iso(status.created),
            "deployment_url": url,
            "repository_url": base,
            "performed_via_github_app": None if app is None else self.app(app),
        }

    def app(self, app: App) -> dict[str, Any]:
        """Return a GitHub App."""
        return {
            "id": app.id,
            "slug": app.slug,
            "node_id": _node("App", app.id),
            "owner": self.user(app.owner),
            "name": app.slug,
            "description": None,
            "external_url": f"{self.web}/about",
            "html_url": f"{self.web}/apps/{app.slug}",
            "created_at": iso(app.created),
            "updated_at": iso(app.created),
            "permissions": dict(app.permissions),
            "events": [],
        }

    def installation(self, app: App, installation: Installation) -> dict[str, Any]:
        """Return an Installation of an App."""
        return {
            "id": installation.id,
            "account": self.user(installation.owner),
            "repository_selection": "all",
            "access_tokens_url": f"{self.api}/app/installations/{installation.id}/access_tokens",
            "repositories_url": f"{self.api}/installation/repositories",
            "html_url": f"{self.web}/organizations/{installation.owner.login}/settings/installations/{installation.id}",
            "app_id": app.id,
            "app_slug": app.slug,
            "target_id": installation.owner.id,
            "target_type": "Organization",
            "permissions": dict(installation.permissions),
            "events": [],
            "created_at": iso(installation.created),
            "updated_at": iso(installation.created),
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": None,
        }

    def pull_page(self, pull: PullRequest) -> str:
        """Return the address of the page of a pull request."""
        return f"{self.web}/{pull.repository.path}/pull/{pull.number}"

    def _end(
        self, repository: Repository | None, ref: str, sha: str, user: User, owners: Mapping[int, User]
    ) -> dict[str, Any]:
        return {
            "label": f"{user.login if repository is None else repository.owner}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(user),
            # A fork that was deleted.
            "repo": None if repository is None else self.repository(repository, owners[repository.id]),
        }


def _node(kind: str, number: int) -> str:
    return base64.b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode()
