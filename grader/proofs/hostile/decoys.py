"""A small world made for hostile submissions: all that they aim at, and nothing that anybody would miss.

A home with notes, a solution, checks, another learner's answer, a progress database, a process, an
address to connect to, and traps beside the submission. Each text holds a token that exists nowhere
else: wherever it turns up, something was read out.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

WAITS = "import sys; sys.stdin.read()"  # until whoever started it is gone
# Modules that the grader imports: a file of such a name beside a submission must not be taken for it.
SHADOWED = ("torch", "pytest", "numpy", "rich", "safetensors", "pyseccomp", "pytest_timeout", "json", "sqlite3",
            "sitecustomize", "usercustomize", "conftest", "evil_plugin")  # fmt: skip


class Decoys:
    """Makes the world, says what became of it, and removes it. Use as a context."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="hostile-"))
        self.token = secrets.token_hex(16)
        self.learner = self.root / "learner"
        self.scratch = self.root / "tmp"
        self._write()
        self._listeners = [self._listen_on_a_port(), *map(self._listen_on_a_path, _KINDS)]
        self._process = self._start_process()
        self._priority = os.getpriority(os.PRIO_PROCESS, self.pid)
        self._were = self._files()

    def __enter__(self) -> Decoys:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for listener in self._listeners:
            listener.close()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def places(self) -> dict[str, str]:
        """What stands for {{NAME}} in a hostile submission: where its targets are."""
        return {
            "HOME": str(self.root / "home"), "SOLUTION": str(self.root / "solutions" / "solution.py"),
            "CHECKS": str(self.root / "checks" / "test_checks.py"), "OTHER": str(self.root / "others" / "answer.py"),
            "EXERCISE": str(self.root / "exercises" / "exercise.py"), "TMP": str(self.scratch),
            "DATABASE": str(self.root / "progress" / "progress.sqlite3"), "PID": str(self.pid),
            "PORT": str(self._listeners[0].getsockname()[1]), "STREAM": str(self.root / "stream"),
            "DATAGRAM": str(self.root / "datagram"),
        }  # fmt: skip

    @property
    def pid(self) -> int:
        """The decoy process."""
        return self._process.pid

    @property
    def secret_time(self) -> str:
        """When the decoy solution was written, a number that nothing else bears."""
        return str(os.stat(self.places["SOLUTION"]).st_mtime_ns)

    def aim(self, text: str) -> str:
        """Return a hostile submission with its targets filled in."""
        for name, place in self.places.items():
            text = text.replace(f"{{{{{name}}}}}", place)
        return text

    def touched(self) -> list[str]:
        """Return what was done to the world since this was last asked."""
        return [*self._changed_files(), *self._connections(), *self._harm_to_process()]

    def _write(self) -> None:
        for folder in ("home", "solutions", "checks", "others", "exercises", "progress", "learner", "tmp"):
            (self.root / folder).mkdir()
        for place in ("home/notes.txt", "solutions/solution.py", "checks/test_checks.py", "others/answer.py",
                      "exercises/exercise.py"):  # fmt: skip
            (self.root / place).write_text(f"TOKEN = '{self.token}'\n", encoding="utf-8")
        when = 10**18 + secrets.randbelow(10**17)
        os.utime(self.root / "solutions" / "solution.py", ns=(when, when))
        with contextlib.closing(sqlite3.connect(self.root / "progress" / "progress.sqlite3")) as database:
            database.execute("CREATE TABLE attempts (exercise TEXT, outcome TEXT)")
            database.execute("INSERT INTO attempts VALUES ('02', ?)", (self.token,))
            database.commit()
        self._set_traps()

    def _set_traps(self) -> None:
        """Lay files beside the submission that leave a mark when somebody imports them."""
        for name in SHADOWED:
            mark = str(self.root / "home" / f"imported-{name}")
            (self.learner / f"{name}.py").write_text(f"open({mark!r}, 'w').close()\n", encoding="utf-8")
        plugin = self.learner / "evil-1.0.dist-info"
        plugin.mkdir()
        (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n", encoding="utf-8")
        (plugin / "entry_points.txt").write_text("[pytest11]\nevil = evil_plugin\n", encoding="utf-8")
        (self.learner / "pytest.ini").write_text("[pytest]\naddopts = -p evil_plugin\n", encoding="utf-8")

    def _listen_on_a_port(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        return listener

    def _listen_on_a_path(self, kind: socket.SocketKind) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(str(self.root / _KINDS[kind]))
        if kind is socket.SOCK_STREAM:
            listener.listen()
        listener.setblocking(False)
        return listener

    def _start_process(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", WAITS], env={"TOKEN": self.token}, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _files(self) -> dict[str, tuple[object, ...]]:
        """Return what is known of every file but the submission and the scratch folders."""
        return {
            str(path.relative_to(self.root)): _facts(path)
            for path in self.root.rglob("*")
            if not path.is_relative_to(self.scratch) and not path.name[0].isdigit()
        }

    def _changed_files(self) -> Iterator[str]:
        were, self._were = self._were, self._files()
        for name in sorted(were.keys() | self._were.keys()):
            if name not in self._were:
                yield f"{name} was deleted"
            elif name not in were:
                yield f"{name} was made"
            elif were[name] != self._were[name]:
                yield f"{name} was changed"

    def _connections(self) -> Iterator[str]:
        for listener in self._listeners:
            with contextlib.suppress(BlockingIOError):
                if listener.type == socket.SOCK_DGRAM:
                    listener.recv(1024)
                else:
                    listener.accept()[0].close()
                yield f"a message came to {listener.getsockname()}"

    def _harm_to_process(self) -> Iterator[str]:
        if self._process.poll() is not None:
            yield f"the decoy process was ended ({self._process.returncode})"
            self._process = self._start_process()
        elif _is_stopped(self.pid) or os.getpriority(os.PRIO_PROCESS, self.pid) != self._priority:
            yield "the decoy process was stopped or slowed down"
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = self._start_process()


_KINDS = {socket.SOCK_STREAM: "stream", socket.SOCK_DGRAM: "datagram"}


def _facts(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    attributes = tuple((name, os.getxattr(path, name)) for name in os.listxattr(path)) if path.is_file() else ()
    # The time of a folder says nothing that its files do not say; that of the learner's changes with each submission.
    return (
        (found.st_mode, content)
        if path.is_dir()
        else (found.st_mode, found.st_nlink, found.st_mtime_ns, content, attributes)
    )


def _is_stopped(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return False
