"""Prints the header X-Hub-Signature-256 of a body: `python sign.py BODY SECRET`, both of them files."""

import hashlib
import hmac
import sys
from pathlib import Path

body, secret = (Path(name).read_bytes() for name in sys.argv[1:])
print(f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}")
