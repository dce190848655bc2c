"""Changes to a solution's text that no Python file could hold, each by its name: from text to the bytes of a file."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

from grader.catalogue.catalogue import Exercise

Change = Callable[[str, Exercise], bytes | str]
ACCENTED = "# Ünïted, naïve\n"
KOREAN = "# 손실 함수\n"
KB = 1000

CHANGES: dict[str, Change] = {}


def change(function: Change) -> Change:
    """Enter a change under its name."""
    CHANGES[function.__name__] = function
    return function


def _of_text(function: Callable[[str], bytes | str]) -> Change:
    """Enter a change that needs nothing but the text."""
    CHANGES[function.__name__] = lambda text, _: function(text)
    return CHANGES[function.__name__]


# how it is written down


@_of_text
def with_a_bom(text: str) -> bytes:
    """Begin with a byte order mark."""
    return text.encode("utf-8-sig")


@_of_text
def with_crlf(text: str) -> str:
    """End lines as on Windows."""
    return text.replace("\n", "\r\n")


@_of_text
def with_cr(text: str) -> str:
    """End lines as on an old Mac."""
    return text.replace("\n", "\r")


@_of_text
def with_mixed_line_ends(text: str) -> str:
    """End lines in three ways in turn."""
    ends = ("\n", "\r\n", "\r")
    return "".join(line + ends[number % 3] for number, line in enumerate(text.split("\n")))


@_of_text
def without_last_line_end(text: str) -> str:
    """End without a line break."""
    return text.rstrip("\n")


@_of_text
def with_trailing_blanks(text: str) -> str:
    """End every line in blanks, and the file in empty lines."""
    return "".join(f"{line}  \t \n" for line in text.split("\n")) + "\n" * 50


@_of_text
def with_form_feeds(text: str) -> str:
    """Part definitions by form feeds."""
    return text.replace("\n\n\n", "\n\f\n\n")


@_of_text
def with_tabs(text: str) -> str:
    """Indent with tabs."""
    return _indented_by(text, "\t")


@_of_text
def with_wide_indentation(text: str) -> str:
    """Indent by eight."""
    return _indented_by(text, " " * 8)


def _indented_by(text: str, unit: str) -> str:
    def changed(line: str) -> str:
        rest = line.lstrip(" ")
        return unit * ((len(line) - len(rest)) // 4) + rest

    return "\n".join(map(changed, text.split("\n")))


@_of_text
def with_a_cookie(text: str) -> str:
    """Begin with a shebang and an encoding."""
    return "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n" + text


@_of_text
def declared_latin1(text: str) -> str:
    """Declare one encoding, and have another."""
    return "# -*- coding: latin-1 -*-\n" + ACCENTED + text


@_of_text
def in_latin1(text: str) -> bytes:
    """Declare an encoding other than UTF-8, and have it."""
    return ("# -*- coding: latin-1 -*-\n" + ACCENTED + text).encode("latin-1", errors="replace")


@_of_text
def in_euc_kr(text: str) -> bytes:
    """Declare an encoding of more than a byte a letter, and have it."""
    return ("# -*- coding: euc-kr -*-\n" + KOREAN + text).encode("euc-kr", errors="replace")


@_of_text
def declared_unknown(text: str) -> str:
    """Declare an encoding that does not exist."""
    return "# -*- coding: utf-8-with-everything -*-\n" + ACCENTED + text


@_of_text
def in_latin1_undeclared(text: str) -> bytes:
    """Have another encoding than UTF-8, and do not say so."""
    return ("\n" + ACCENTED + text).encode("latin-1", errors="replace")


@_of_text
def in_utf16(text: str) -> bytes:
    """Have two bytes a letter."""
    return text.encode("utf-16")


# what is in it


@_of_text
def emptied(_: str) -> str:
    """Keep blanks alone."""
    return "  \n\n"


@_of_text
def commented_out(text: str) -> str:
    """Make every line a comment."""
    return "".join(f"# {line}\n" for line in text.split("\n"))


@_of_text
def in_a_string(text: str) -> str:
    """Put all of it in a string."""
    return '"""' + text.replace("\\", "").replace('"""', "") + '"""\n'


@_of_text
def as_a_notebook(text: str) -> str:
    """Put it in the only cell of a notebook."""
    cell = {"cell_type": "code", "execution_count": None, "source": text.splitlines(), "outputs": []}
    return json.dumps({"cells": [cell], "nbformat": 4}, indent=1)


@_of_text
def as_a_web_page(text: str) -> str:
    """Put it in a web page."""
    return f"<!DOCTYPE html>\n<html><body><pre>{text}</pre></body></html>\n"


@_of_text
def as_a_diff(text: str) -> str:
    """Show it as what was added."""
    return "--- a/exercise.py\n+++ b/exercise.py\n@@ -1,3 +1,3 @@\n" + "".join(
        f"+{line}\n" for line in text.split("\n")
    )


@_of_text
def indented_as_a_whole(text: str) -> str:
    """Indent all of it."""
    return "".join(f"    {line}\n" for line in text.split("\n"))


@_of_text
def unparsed(text: str) -> str:
    """Write it as Python itself would."""
    return ast.unparse(ast.parse(text))


@_of_text
def without_docstrings(text: str) -> str:
    """Leave out docstrings and comments."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and _is_text(body[0]):
            del body[0]
    return ast.unparse(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@_of_text
def with_code_first(text: str) -> str:
    """Begin with code, so that the docstring is none."""
    return "# mine\nSTARTED = print('begun')\n" + text


@change
def with_the_text_of_the_exercise(text: str, exercise: Exercise) -> str:
    """Keep the docstring of the exercise."""
    return _docstring(exercise) + text


def _docstring(exercise: Exercise) -> str:
    stub = exercise.handed_out.read_text(encoding="utf-8")
    return "\n".join(stub.split("\n")[: ast.parse(stub).body[0].end_lineno]) + "\n"


@change
def below_the_stub(text: str, exercise: Exercise) -> str:
    """Begin with the stub."""
    return exercise.handed_out.read_text(encoding="utf-8") + "\n\n" + text


@change
def above_the_stub(text: str, exercise: Exercise) -> str:
    """End with the stub, which takes the place of all before it."""
    return text + "\n\n" + exercise.handed_out.read_text(encoding="utf-8")


# how much of it there is


@_of_text
def with_a_long_line(text: str) -> str:
    """Add a line of 100 KB."""
    return text + f"NUMBERS = {[7] * 33 * KB}\n"


@_of_text
def with_a_long_comment(text: str) -> str:
    """Add a comment of 100 KB."""
    return text + "# " + "x" * 100 * KB + "\n"


@_of_text
def with_much_text(text: str) -> str:
    """Add 900 KB of comments."""
    return text + ("# " + "x" * 97 + "\n") * 9 * KB


@_of_text
def with_too_much_text(text: str) -> str:
    """Add more than a megabyte of comments."""
    return text + ("# " + "x" * 97 + "\n") * 11 * KB


@_of_text
def with_a_large_table(text: str) -> str:
    """Add a table of 600 KB."""
    return text + "TABLE = [\n" + "    [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0],\n" * 10 * KB + "]\n"


@_of_text
def with_many_functions(text: str) -> str:
    """Add 5,000 functions."""
    return text + "".join(f"def helper_{number}(x):\n    return x + {number}\n" for number in range(5 * KB))


@_of_text
def with_many_blank_lines(text: str) -> str:
    """Begin with 100,000 empty lines."""
    return "\n" * 100 * KB + text


@_of_text
def with_deep_indentation(text: str) -> str:
    """Nest 60 blocks."""
    return text + _nested("if True:", 60)


@_of_text
def with_too_deep_indentation(text: str) -> str:
    """Nest more blocks than Python reads."""
    return text + _nested("if True:", 120)


@_of_text
def with_too_many_loops(text: str) -> str:
    """Nest more loops than Python compiles."""
    return text + _nested("for _ in range(1):", 25)


def _nested(opening: str, levels: int) -> str:
    return "".join(" " * level + opening + "\n" for level in range(levels)) + " " * levels + "DEEP = 1\n"


@_of_text
def with_deep_brackets(text: str) -> str:
    """Nest more brackets than Python reads."""
    return text + f"DEEP = {'[' * 250}{']' * 250}\n"


@_of_text
def with_a_deep_expression(text: str) -> str:
    """Add a sum of 900 terms."""
    return text + f"DEEP = {' + '.join(['1'] * 900)}\n"
