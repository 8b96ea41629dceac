"""Tests that compare our reduced fixtures with the files of other projects from which their facts come.

Those files lie beside the project, in `../shared/fixtures`, or in the folder that TRONADOR_FIXTURES names. They are
not part of it, so a clone alone leaves out this folder; `test_presence.py` says so.
"""

from tests.originals.files import FOLDER

collect_ignore_glob = [] if FOLDER.is_dir() else ["test_[!p]*.py"]
