"""The encoding of file names where nobody says it: old zip programs store what their system had."""

from __future__ import annotations

from collections.abc import Sequence

from grader.errors import UsageError

USUAL = "cp437"  # what a zip's names are in by its specification, if nothing else fits


def decoded(names: Sequence[bytes | str], encoding: str = "") -> list[str]:
    """Return names as text. Those of one archive are in one encoding: the first of a few in which all make sense."""
    stored = [name for name in names if isinstance(name, bytes)]
    chosen = encoding or _encoding(stored)
    try:
        return [name if isinstance(name, str) else name.decode(chosen, errors="replace") for name in names]
    except LookupError:
        raise UsageError(f"there is no encoding {encoding!r}; known are, say, utf-8, cp949, cp932, cp1252") from None


def _encoding(names: Sequence[bytes]) -> str:
    together = b"\0".join(names)
    if _fits(together, "utf-8"):
        return "utf-8"
    return "cp949" if _is_korean(together) else USUAL


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_korean(data: bytes) -> bool:
    """Return whether what is not ASCII reads as Hangul.

    The rare syllables of cp949 have an ASCII letter as their second byte, and so has an umlaut of cp437 before a
    letter: at least half must be of the common ones, whose two bytes are both beyond ASCII.
    """
    if not _fits(data, "cp949"):
        return False
    letters = [letter for letter in data.decode("cp949") if not letter.isascii()]
    hangul = [letter for letter in letters if "가" <= letter <= "힣"]
    common = [letter for letter in hangul if min(letter.encode("cp949")) >= 0xA1]
    return len(hangul) == len(letters) and 2 * len(common) >= len(letters)
