"""The text that is graded: read once, so that what is hashed is what runs."""

from __future__ import annotations

import codecs
import contextlib
import io
import tokenize
from dataclasses import dataclass
from pathlib import Path

from grader import files
from grader.called import program
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.harmless import one_line


@dataclass(frozen=True)
class Source:
    """A submission: where it was read, its text, and the hash of that."""

    path: Path
    text: str
    sha256: str

    @property
    def name(self) -> str:
        """Where it was read, as text that can be shown, whatever bytes the name has."""
        return one_line(files.shown(self.path))


def read_source(path: Path, *, follow_links: bool = True, remedy: str = "") -> Source:
    """Read the file that is to be graded; raise UsageError, in one line, for what no submission can be.

    With `follow_links` false, a link is refused: whoever wrote a submission could let it lead to anybody's file.
    `remedy` says what helps where the file is there but empty.
    """
    name = files.shown(path)
    try:
        data = files.read(path, follow_links=follow_links)
    except FileNotFoundError:
        raise UsageError(f"there is no file {name}") from None
    except files.Unfit as error:
        raise UsageError(f"{name} {error.strerror}") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    return source_of(path, data, remedy=remedy)


def source_of(path: Path, data: bytes, *, remedy: str = "") -> Source:
    """Return the submission that a file holds, as `read_source` does of one on disk."""
    name = files.shown(path)
    text = _decoded(name, data)
    if not text.strip():
        raise UsageError(f"{name} is empty{remedy}")
    return Source(path, text, files.text_hash(data))


def read_own(exercise: Exercise, path: Path, *, follow_links: bool = True) -> Source:
    """Read a file as `read_source` does; where it is the exercise's own and empty, say what brings it back."""
    is_own = path.exists() and exercise.stub.exists() and path.samefile(exercise.stub)
    remedy = f"; `{program()} reset {exercise.number:02}` brings the exercise back" if is_own else ""
    return read_source(path, follow_links=follow_links, remedy=remedy)


def _decoded(name: str, data: bytes) -> str:
    """Return a file as text: in UTF-8, or else in the encoding that its first lines declare, as Python reads it."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        with contextlib.suppress(SyntaxError, LookupError, UnicodeError):
            text = data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0])
            text.encode()  # what no other process could be sent is no text
            return text
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UsageError(f"{name} is UTF-16 text; save it as UTF-8") from None
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{name} is not UTF-8 text: line {line} holds an invalid byte") from None
