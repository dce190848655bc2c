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
        return int(any([_told(*each.result()) for each in as_completed(running)]))


def _run(command: str) -> tuple[str, subprocess.CompletedProcess[str]]:
    done = subprocess.run(
        shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return command, done


def _told(command: str, done: subprocess.CompletedProcess[str]) -> bool:
    """Print how a command ended; return whether it failed."""
    print(f"$ {command}\n{done.stdout}", flush=True)
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
