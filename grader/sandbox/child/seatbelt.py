"""The sandbox of macOS: which files a process may touch, no network, no other program.

`sandbox_init` is what `sandbox-exec` calls; both are deprecated, and what browsers and build tools rely on. No kept
Python library wraps it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
from pathlib import Path

from grader.sandbox.child.shield import OWN, readable_by_python
from grader.sandbox.shared.policy import Policy

PRIVATE = ("/Users", "/Volumes", "/private/var/folders", "/private/tmp", "/private/var/root")  # what people keep


def confine(policy: Policy) -> tuple[str, ...]:
    """Give up for good what `policy` does not grant; return the name of what is in force, nothing where it is not."""
    name = ctypes.util.find_library("System")
    function = getattr(ctypes.CDLL(name), "sandbox_init", None) if name else None
    if function is None:
        return ()
    function.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p)]
    complaint = ctypes.c_char_p()
    failed = function(profile(policy).encode(), 0, ctypes.byref(complaint))
    return () if failed else ("seatbelt",)


def profile(policy: Policy) -> str:
    """Return what is forbidden, in the language of `sandbox-exec`; of the rules that fit, the last one counts."""
    private, python = _places(*PRIVATE), _places(*readable_by_python())
    rules = [
        "(version 1)", "(allow default)", "(deny network*)", "(deny process-exec*)", "(deny signal (target others))",
        f"(deny file-read-data {private})", f"(allow file-read* {python})",
        f"(deny file-read-data {_places(str(OWN))})",
        *([f"(allow file-read* {_places(*policy.readable)})"] if policy.readable else []),
        "(deny file-write*)", f"(allow file-read* file-write* {_places(policy.scratch)})",
        '(allow file-write-data (literal "/dev/null"))',
    ]  # fmt: skip
    return "\n".join(rules)


def _places(*paths: str) -> str:
    """Return folders as the sandbox sees them: links (such as /var and /tmp) are followed before it looks."""
    found = dict.fromkeys(str(Path(path).resolve()) for path in paths)
    return " ".join(f"(subpath {json.dumps(path, ensure_ascii=False)})" for path in found)
