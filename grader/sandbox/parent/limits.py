"""How much the children of one submission may use together, with all that they start."""

from __future__ import annotations

from grader.units import GB, MB

MAX_PROCESSES = 32
MAX_THREADS = 256
MAX_MEMORY = 4 * GB
MAX_WRITTEN = 512 * MB  # by all means: system calls, memory maps, blocks taken without writing
MAX_ENTRIES = 10_000  # files, folders and links in a scratch folder: their removal takes time
MAX_DEPTH = 64  # of folders in folders


class Excess(Exception):
    """A submission used more than its share; the text says of what."""
