"""Every command that a page shows does what the page says, in the order of the page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, SHELLS, Block, steps
from tests.docs.world import World
from tests.integration.support.clusters import Cluster
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.variables import REAL_KUBECONFIG


def to_run(page: Path) -> bool:
    return any(isinstance(step, Block) and step.language in SHELLS and not step.not_run for step in steps(page))


@pytest.mark.slow
# A page has dozens of commands, and each starts a program.
@pytest.mark.timeout(600)
@pytest.mark.skipif(bool(REAL_KUBECONFIG), reason="the commands of the documentation run on a cluster of their own")
@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=lambda page: page.name)
def test_the_commands_on_a_page_work_as_described(
    page: Path,
    tmp_path: Path,
    cluster: Cluster,
    start_controller: StartController,
    make_bare_installer: MakeInstaller,
) -> None:
    with ExitStack() as stack:
        world = World(
            folder=tmp_path,
            cluster=cluster,
            start_controller=start_controller,
            make_installer=make_bare_installer,
            stack=stack,
        )
        for step in steps(page):
            world.do(step)
