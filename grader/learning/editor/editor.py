"""Which editor an exercise is opened in, and the command that opens it at a line."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.learning.editor.surrounding import surrounding

LIKE_VS_CODE = ("code", "code-insiders", "codium", "cursor", "windsurf", "positron")
LIKE_ZED = ("zed", "zeditor", "zedit", "subl", "sublime_text", "hx", "helix")
LIKE_JETBRAINS = (
    "pycharm", "dataspell", "idea", "clion", "goland", "webstorm", "rider", "charm", "kate", "kwrite",
)  # fmt: skip
LIKE_VI = (
    "vi", "vim", "nvim", "view", "gvim", "mvim", "nano", "pico", "micro", "kak", "joe", "jed", "ne", "mg", "emacs",
    "emacsclient", "gedit", "gnome-text-editor", "pluma", "xed", "geany", "bbedit",
)  # fmt: skip
# How a file and a line in it are written; those that are not here are given the file alone.
AT = {
    **dict.fromkeys(LIKE_VS_CODE, ("-g", "{file}:{line}")),
    **dict.fromkeys(LIKE_ZED, ("{file}:{line}",)),
    **dict.fromkeys(LIKE_JETBRAINS, ("--line", "{line}", "{file}")),
    **dict.fromkeys(LIKE_VI, ("+{line}", "{file}")),
    "mate": ("-l", "{line}", "{file}"),
    "notepad++": ("-n{line}", "{file}"),
}
# They have a window beside this terminal. All others are taken to need the terminal itself, until they end.
WINDOWS = {
    *LIKE_VS_CODE, *LIKE_JETBRAINS, "zed", "zeditor", "zedit", "subl", "sublime_text", "gvim", "mvim", "gedit",
    "gnome-text-editor", "pluma", "xed", "geany", "bbedit", "mate", "notepad", "notepad++", "mousepad",
    "open", "xdg-open",
}  # fmt: skip


@dataclass(frozen=True)
class Editor:
    """An editor, as the words of its command; `{file}` and `{line}` in them stand for what is to be opened.

    It was `asked` for where somebody named it for this run; `on_key_only` forbids to open it before a key is pressed.
    `lacking` says why it is not the editor around this terminal.
    """

    words: tuple[str, ...]
    asked: bool = False
    on_key_only: bool = False
    lacking: str = ""

    @property
    def name(self) -> str:
        """Its command's name, without folder and ending."""
        return Path(self.words[0]).name.lower().removesuffix(".exe").removesuffix(".cmd")

    @property
    def has_window(self) -> bool:
        """Whether it can be open while something else is drawn in this terminal."""
        return self.name in WINDOWS

    def at(self, file: Path, line: int) -> list[str]:
        """Return the command that opens a file at a line, counted from 1."""
        placed = any("{file}" in word for word in self.words)
        words = self.words if placed else (*self.words, *AT.get(self.name, ("{file}",)))
        return [word.replace("{line}", str(line)).replace("{file}", str(file)) for word in words]


def choose(asked: str | None, environment: Mapping[str, str], *, on_key_only: bool = False) -> Editor:
    """Return the editor that was asked for, else the one around this terminal, else the one of the environment.

    Raise UsageError where the one that was asked for cannot be run.
    """
    if asked is not None:
        return _asked(asked, environment)
    lacking = ""
    if around := surrounding(environment):
        for command in around.commands:
            if _found(command, environment):
                return Editor((command,), on_key_only=on_key_only)
        lacking = f"this terminal is inside {around.title}, but `{around.commands[0]}` is not found; {around.remedy}"
    return Editor(next(_of_the_environment(environment)), on_key_only=on_key_only, lacking=lacking)


def _asked(asked: str, environment: Mapping[str, str]) -> Editor:
    if not (words := _words(asked)):
        raise UsageError(f"--editor {asked!r} is no command; name one, such as `code` or `vim`")
    if not _found(words[0], environment):
        raise UsageError(f"--editor: there is no command {words[0]!r} here")
    return Editor(words, asked=True)


def _found(command: str, environment: Mapping[str, str]) -> bool:
    return shutil.which(command, path=environment.get("PATH")) is not None


def _of_the_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name in ("VISUAL", "EDITOR"):
        if words := _words(environment.get(name, "")):
            yield words
    yield ("notepad",) if os.name == "nt" else ("vi",)


def _words(command: str) -> tuple[str, ...]:
    """Return a command word by word; nothing where a quote in it does not end."""
    try:
        return tuple(shlex.split(command, posix=os.name != "nt"))
    except ValueError:
        return ()
