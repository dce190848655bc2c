"""Knows the editors that have a terminal inside of them, by what they put into its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What is made of VS Code calls itself `vscode` too. Of these words, one stands in the paths that it sets.
FORKS = (("cursor", "Cursor"), ("windsurf", "Windsurf"), ("codium", "VSCodium"), ("positron", "Positron"))
PATHS = ("VSCODE_GIT_ASKPASS_NODE", "VSCODE_GIT_ASKPASS_MAIN", "__CFBundleIdentifier")
MARKS = {"CURSOR_TRACE_ID": "cursor", "POSITRON": "positron"}
# The newest of a family last, so that a bundle's name decides first where the system tells it.
JETBRAINS = ("pycharm", "dataspell", "idea", "clion", "goland", "webstorm", "rider", "charm")
VARIABLES = ("TERM_PROGRAM", "ZED_TERM", "TERMINAL_EMULATOR")  # whatever tells of one of them is among these


@dataclass(frozen=True)
class Surrounding:
    """An editor around this terminal: its name, the commands it may have, and how a missing one is had."""

    title: str
    commands: tuple[str, ...]
    remedy: str


def surrounding(environment: Mapping[str, str]) -> Surrounding | None:
    """Return the editor that this terminal is a part of; None where there is none that is known."""
    program = environment.get("TERM_PROGRAM", "").lower()
    if program == "vscode":
        return _of_vs_code(environment)
    if program == "zed" or environment.get("ZED_TERM") == "true":
        return Surrounding("Zed", ("zed", "zeditor", "zedit"), "in Zed, run `cli: install`")
    if environment.get("TERMINAL_EMULATOR") == "JetBrains-JediTerm":
        bundle = environment.get("__CFBundleIdentifier", "").lower()
        commands = tuple(sorted(JETBRAINS, key=lambda each: each not in bundle))
        return Surrounding("JetBrains", commands, "in JetBrains Toolbox, switch on its shell scripts")
    return None


def _of_vs_code(environment: Mapping[str, str]) -> Surrounding:
    paths = " ".join(environment.get(name, "") for name in PATHS).lower()
    marked = {fork for name, fork in MARKS.items() if environment.get(name)}
    command, title = next((each for each in FORKS if each[0] in marked), None) or next(
        (each for each in FORKS if each[0] in paths), ("code", "VS Code")
    )
    if command == "code" and "insider" in environment.get("TERM_PROGRAM_VERSION", ""):
        command = "code-insiders"
    remedy = f"in {title}, open the command palette and run Shell Command: Install '{command}' command in PATH"
    return Surrounding(title, (command,), remedy)
