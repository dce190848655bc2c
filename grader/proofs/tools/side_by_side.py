"""Runs commands at the same time, each given as one argument; prints what each said once it has ended."""

from __future__ import annotations

import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed


def main(commands: list[str]) -> int:
    """Run commands; return 0 where all of them did, 1 otherwise."""
    with ThreadPoolExecutor(len(commands)) as pool:
        running = [pool.submit(_run, command) for command in commands]
        codes = [_told(each.result()) for each in as_completed(running)]
    return int(any(codes))


def _run(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _told(done: subprocess.CompletedProcess[str]) -> int:
    """Print what a command said; return its exit code."""
    print(f"$ {shlex.join(done.args)}\n{done.stdout}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
