"""The export of submissions that Gradescope makes: a folder for each, and `submission_metadata.yml` that says whose.

Every student of a group has the group's files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from grader.batch.extra import needed
from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import Leaf, Tree
from grader.errors import UsageError
from grader.record.rows import Student
from grader.units import MB

METADATA = "submission_metadata.yml"


def fits(tree: Tree) -> bool:
    """Return whether the file that says whose the submissions are is there."""
    return any(leaf.name == METADATA and len(leaf.parts) <= 2 for leaf in tree.leaves)


def read(tree: Tree) -> Iterator[HandedIn]:
    """Yield every file, once for each of its students."""
    listed = next((leaf for leaf in tree.leaves if leaf.name == METADATA and len(leaf.parts) <= 2), None)
    if listed is None:
        raise UsageError(f"{tree.name} holds no {METADATA}, which says whose the submissions are")
    known = _metadata(tree, listed)
    depth = len(listed.parts) - 1
    for leaf in tree.leaves:
        if leaf is listed:
            continue
        entry = known.get(leaf.parts[depth]) if len(leaf.parts) > depth + 1 else None
        submitters = list(_submitters(entry or {}))
        for student in submitters:
            yield HandedIn(student, leaf.path, leaf.name, leaf.read, _time(entry or {}))
        if not submitters:
            yield HandedIn(Student(""), leaf.path, leaf.name, leaf.read, why=f"is nobody's by {METADATA}")


def _metadata(tree: Tree, listed: Leaf) -> Mapping[str, Any]:
    yaml = needed("yaml", "read Gradescope's export")
    try:
        found = yaml.load(listed.read(64 * MB), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise UsageError(f"{tree.name}/{listed.path} {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{tree.name}/{listed.path} is not YAML: {str(error).splitlines()[-1].strip()}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{tree.name}/{listed.path} does not say whose the submissions are")
    return {str(key): value for key, value in found.items() if isinstance(value, dict)}


def _submitters(entry: Mapping[str, Any]) -> Iterator[Student]:
    for each in _get(entry, "submitters") or []:
        name, sid, email = (str(_get(each, key) or "") for key in ("name", "sid", "email"))
        if identity := email or sid or name:
            yield Student(identity, name, email, sid)


def _get(entry: Any, key: str) -> Any:
    """Return a value; in Ruby's YAML a key bears a colon."""
    return entry.get(f":{key}", entry.get(key)) if isinstance(entry, dict) else None


def _time(entry: Mapping[str, Any]) -> float | None:
    found = _get(entry, "created_at")
    if not isinstance(found, datetime):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
