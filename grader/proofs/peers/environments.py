"""A virtual environment for each tool, with the exact versions that its requirements name."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.proofs.peers.submissions import PEERS

STAMP = "requirements.sha256"
SECONDS = 1800


class NotInstalled(GraderError):
    """A tool that this machine does not get; the text says why."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, by its folder."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def script(self, name: str) -> str:
        """Return the path of a command that was installed there."""
        return str(self.folder / "bin" / name)

    def version(self, package: str) -> str:
        """Return the version of a package there."""
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        return subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def environment(package: str, home: Path) -> Environment:
    """Return the package's environment below `home`, made now where it is missing or has other versions."""
    requirements = PEERS / package / "requirements.txt"
    made, digest = Environment(home / package), hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = made.folder / STAMP
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != digest:
        shutil.rmtree(made.folder, ignore_errors=True)
        _install(made, requirements)
        stamp.write_text(digest, encoding="utf-8")
    return made


def _install(made: Environment, requirements: Path) -> None:
    # The pins here are the tool's own: those of the surrounding tox environment are for this grader.
    surroundings = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    command = [made.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)]
    try:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(made.folder)
        subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"pip was not done after {SECONDS} seconds") from None
    except subprocess.CalledProcessError as error:
        raise NotInstalled(last_error(str(error.stderr or error.output))) from None
    except OSError as error:
        raise NotInstalled(f"no virtual environment in {made.folder}: {error.strerror}") from None


def last_error(printed: str) -> str:
    """Return what pip said last, its last line that begins with ERROR."""
    lines = [line.removeprefix("ERROR: ") for line in printed.splitlines() if line.startswith("ERROR: ")]
    return lines[-1] if lines else "pip ended without a reason"
