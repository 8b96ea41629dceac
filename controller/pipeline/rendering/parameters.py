"""What a pipeline knows about a pull request and its image, with validation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls, names, placeholders, weburls
from controller.apimachinery.findings import Finding, cut
from controller.pipeline import gitrefs
from controller.pipeline.errors import PipelineError
from controller.pipeline.releasenames import named_after
from controller.pipeline.rendering import images
from controller.pipeline.usernames import is_user_name

IMAGE_NAME: Final = "APPLICATION_IMAGE_NAME"
IMAGE_TAG: Final = "APPLICATION_IMAGE_TAG"
_DIGEST: Final = r"(@sha256:[0-9a-f]{64})?"
_TAG: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}{_DIGEST}")
# What to do with a user name in a URL. Azure DevOps shows such URLs.
_NAMES_GO: Final = {
    "--git-url": "put the user name and password in the Secret that secret_ref or TronadorConfig names",
    "--repository-url": "this URL only identifies the repository",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one snapshot.

    Attributes:
        repository_name: name of the repository, without its owner.
        number: number of the pull request.
        git_url: clone URL of the chart; the fork itself for a pull request from a fork.
        git_ref: branch, or the commit if it comes from a fork.
        repository_url: URL of the repository that the pull request is for; "" if it is `git_url`.
        image_repository, image_tag: the image that was built.
        repository_id: the provider's ID of that repository; "" if it is not known.
        name_template: see `names.is_name_template`.
        fork: whether the code comes from a fork.
        commit, branch: the full SHA and the branch of the code; "" if not known.
        author: user name of the author of the pull request; "" if not known.
        pull_request_url: URL of the pull request; "" if not known.
    """

    repository_name: str
    number: int
    git_url: str
    git_ref: str
    image_repository: str
    image_tag: str
    repository_url: str = ""
    repository_id: str = ""
    name_template: str = names.DEFAULT_NAME_TEMPLATE
    fork: bool = False
    commit: str = ""
    branch: str = ""
    author: str = ""
    pull_request_url: str = ""

    def __post_init__(self) -> None:
        """Raise PipelineError, with all problems, if a parameter is invalid."""
        if problems := list(self._problems()):
            raise PipelineError("; ".join(map(str, problems)))

    @property
    def name(self) -> str:
        """The environment's name."""
        return names.environment_name(self.repository_name, self.number, template=self.name_template)

    @property
    def release_name(self) -> str:
        """The release's name. It is the environment's if `git_ref` is a commit, because every push has a new commit."""
        return names.release_name(named_after(self.name, self.git_ref))

    @property
    def origin(self) -> str:
        """The repository that the pull request is for, in the form that is the same for all its URLs."""
        return giturls.parse(self.repository_url or self.git_url).location

    @property
    def placeholders(self) -> Mapping[str, str]:
        """The values of the placeholders of a config file, by name."""
        return {
            IMAGE_NAME: self.image_repository,
            IMAGE_TAG: self.image_tag,
            **placeholders.values(name=self.name, number=str(self.number), release=self.release_name),
        }

    def _problems(self) -> Iterator[Finding]:
        if not self.repository_name or not self.repository_name.isprintable():
            yield _refused("--repo-name", self.repository_name, "use the name of the repository")
        urls = {"--git-url": self.git_url}
        if self.repository_url:
            urls["--repository-url"] = self.repository_url
        for flag, url in urls.items():
            try:
                giturls.parse(url)
            except ValueError as error:
                clean = giturls.without_user(url)
                remedy = f"remove the part before the @: {clean}; {_NAMES_GO[flag]}" if clean else str(error)
                yield _refused(flag, giturls.masked(url), remedy)
        if not gitrefs.is_branch(self.git_ref):
            yield _refused("--git-ref", self.git_ref, "use a branch name that git accepts, or a commit")
        try:
            images.check(self.image_repository)
        except ValueError as error:
            yield _refused("--image-repository", images.masked(self.image_repository), str(error))
        if not _TAG.fullmatch(self.image_tag):
            yield _refused("--image-tag", self.image_tag, "use an image tag")
        yield from self._optional_problems()

    def _optional_problems(self) -> Iterator[Finding]:
        if self.commit and not gitrefs.is_commit(self.commit):
            yield _refused("--commit", self.commit, "use the full SHA of the commit")
        if self.branch and not gitrefs.is_branch(self.branch):
            yield _refused("--branch", self.branch, "use a branch name that git accepts")
        if self.author and not is_user_name(self.author):
            yield _refused("--author", self.author, "use the user name at the provider, not a display name")
        if self.pull_request_url:
            try:
                weburls.check(self.pull_request_url)
            except ValueError as error:
                yield _refused("--pull-request-url", giturls.masked(self.pull_request_url), str(error))


def _refused(flag: str, value: str, remedy: str) -> Finding:
    return Finding(path=(flag,), message=f"'{cut(value)}' is not valid", remedy=remedy)
