"""What a pipeline knows about a pull request and its image, and whether it can be true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls, names
from controller.pipeline import gitrefs
from controller.pipeline.errors import PipelineError
from controller.pipeline.releasenames import named_after
from controller.pipeline.rendering import images
from controller.pipeline.yamlfiles.document import cut

_DIGEST: Final = r"(@sha256:[0-9a-f]{64})?"
_TAG: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}{_DIGEST}")
# Where a name goes that stands in a URL, as it does in those that Azure DevOps shows.
_NAMES_GO: Final = {
    "--git-url": "a name and a password belong into the Secret that secret_ref or TronadorConfig names",
    "--repository-url": "it only says which repository is meant",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Of one snapshot.

    Attributes:
        repository_name: bare name of the repository.
        number: of the pull request.
        git_url: where the chart is cloned from; for a fork, the fork.
        git_ref: branch, or the commit of a fork.
        repository_url: the repository that the pull request is for; "" where it is the one that is cloned.
        image_repository, image_tag: the image that was built.
        repository_id: that repository's number at its provider; "" where it is not known.
        name_template: see `names.is_name_template`.
        fork: whether the code comes from a fork.
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

    def __post_init__(self) -> None:
        """PipelineError names everything that cannot be true."""
        if problems := list(self._problems()):
            raise PipelineError("; ".join(problems))

    @property
    def name(self) -> str:
        """The environment's name."""
        return names.environment_name(self.repository_name, self.number, template=self.name_template)

    @property
    def release_name(self) -> str:
        """The release's name. A commit gives none, for each push has another one: it is the environment's then."""
        return names.release_name(named_after(self.name, self.git_ref))

    @property
    def origin(self) -> str:
        """The repository that the pull request is for, in the form that all its URLs have in common."""
        return giturls.parse(self.repository_url or self.git_url).location

    def _problems(self) -> Iterator[str]:
        if not self.repository_name or not self.repository_name.isprintable():
            yield _refused("--repo-name", self.repository_name, "give the repository's bare name")
        urls = {"--git-url": self.git_url}
        if self.repository_url:
            urls["--repository-url"] = self.repository_url
        for flag, url in urls.items():
            try:
                giturls.parse(url)
            except ValueError as error:
                clean = giturls.without_user(url)
                remedy = f"take what stands before the @ out: {clean}; {_NAMES_GO[flag]}" if clean else str(error)
                yield _refused(flag, giturls.masked(url), remedy)
        if not gitrefs.is_branch(self.git_ref):
            yield _refused("--git-ref", self.git_ref, "give a branch or a commit, as git has it")
        try:
            images.check(self.image_repository)
        except ValueError as error:
            yield _refused("--image-repository", images.masked(self.image_repository), str(error))
        if not _TAG.fullmatch(self.image_tag):
            yield _refused("--image-tag", self.image_tag, "give a tag of an image")


def _refused(flag: str, value: str, remedy: str) -> str:
    return f"{flag}: '{cut(value)}' cannot be used; {remedy}"
