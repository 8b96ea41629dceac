"""Acting as somebody else: the Impersonate-* headers, and who may use them.

Three modes are tried in turn, as a 1.36 server has them switched on: as a service account and as any other user, each
limited to certain requests (KEP-5284), then the unlimited one with the plain verb `impersonate`. When all refuse, the
first refusal is what the caller sees. Impersonating nodes has no mode of its own here.

Source: k8s.io/apiserver, pkg/endpoints/filters/impersonation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from ..errors import StatusError, bad_request
from ..fielderrors import go_quote
from ..rbac.attributes import Attributes, refusal
from .users import (
    ANONYMOUS_NAME,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
