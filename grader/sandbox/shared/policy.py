"""What one child may use: decided by the grader, enforced by the child upon itself before it meets a submission."""

from __future__ import annotations

from dataclasses import dataclass

from grader.units import MB

BROKEN = 70  # the exit code of a child that broke by itself; the last line that it printed then says why
PRETEND = "pretend"  # a device for proofs: its memory and its work are the processor's


@dataclass(frozen=True)
class Policy:
    """What one child may use: `scratch` is its only writable folder, `readable` the files beside Python's own.

    `group` is the file by which it joins the control group that it was given, empty where it was given none.
    """

    scratch: str
    readable: tuple[str, ...] = ()
    device: str = "cpu"
    cpu_seconds: int = 70
    file_bytes: int = 256 * MB
    memory_bytes: int = 4096 * MB
    group: str = ""

    @property
    def on_a_gpu(self) -> bool:
        """Whether the child must reach the driver of a GPU."""
        return self.device not in ("cpu", PRETEND)
