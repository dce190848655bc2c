"""Writes the files that checks have made: what stands in them is nowhere else beside a submission."""

from pathlib import Path


def write(path, content):
    """Write an array of bytes into a file whose folder may not be there yet."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.tobytes())
