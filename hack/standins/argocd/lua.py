"""Health checks in Lua, run as Argo CD runs them: Lua 5.1 with the global `obj` and only the basic libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lupa.lua51 as lua

# The libraries that Argo CD offers: base and table. It offers neither string nor math nor files.
_ABSENT = ("string", "math", "io", "os", "debug", "coroutine", "python")


class ScriptError(Exception):
    """The script failed. The message is Lua's."""


def health(script: str, obj: Mapping[str, Any]) -> tuple[str, str]:
    """Status and message that a script gives for an object; both "" if it returns nil. Raises ScriptError."""
    runtime = lua.LuaRuntime(register_eval=False, register_builtins=False)
    names = runtime.globals()
    for name in _ABSENT:
        names[name] = None
    names["obj"] = _table(runtime, obj)
    try:
        result = runtime.execute(script)
        if result is None:
            return "", ""
        return str(result["status"]), str(result["message"] or "")
    except (lua.LuaError, TypeError) as error:
        raise ScriptError(str(error)) from error


def _table(runtime: lua.LuaRuntime, value: Any) -> Any:
    if isinstance(value, Mapping):
        return runtime.table_from({key: _table(runtime, item) for key, item in value.items()})
    if isinstance(value, list):
        return runtime.table_from([_table(runtime, item) for item in value])
    return value
