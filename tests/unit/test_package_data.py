"""What the program reads at run time is installed with it."""

from __future__ import annotations

import configparser

from hack.paths import ROOT


def test_every_file_beside_the_code_is_package_data() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    package = ROOT / "controller"
    globs = setup["options.package_data"]["controller"].split()
    installed = {path for glob in globs for path in package.glob(glob)}
    beside = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert beside <= installed
