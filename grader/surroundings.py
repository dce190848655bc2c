"""What kind of machine this is, as far as it matters here: WSL, a container, Colab, and what the folder lies on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.called import program

# File systems that somebody else may write to, so that no events come: shares, and folders of the host in a guest.
SHARES = re.compile(r"nfs4?|cifs|smb3?|smbfs|9p|drvfs|vboxsf|prl_fs|virtiofs|afs|ceph|lustre|beegfs|fuse\..+|fuse")
CONTAINERS = {".dockerenv": "Docker", "run/.containerenv": "Podman"}


@dataclass(frozen=True)
class Surrounding:
    """One thing about this machine; `todo` is what to do about it, empty where nothing is to be done."""

    what: str
    said: str
    todo: str = ""


@dataclass(frozen=True)
class Mount:
    """What a folder lies on: a file system of a kind, whether it is the root's, and what is mounted there."""

    kind: str
    is_root: bool
    source: str


def surroundings(folder: Path, environment: Mapping[str, str], root: Path = Path("/")) -> Iterator[Surrounding]:
    """Yield what there is to say; nothing on an ordinary machine. `root` is where the system's files are found."""
    mount = _mount(folder, root)
    wsl, colab, container = _wsl(root), "COLAB_RELEASE_TAG" in environment, _container(environment, root)
    if wsl:
        yield Surrounding("WSL", f"version {wsl}", _todo_in_wsl(wsl, mount))
    if colab:
        yield Surrounding("Colab", f"release {environment['COLAB_RELEASE_TAG']}", _todo_in_colab(folder))
    elif container:
        yield Surrounding("container", container, _todo_in_a_container(mount))
    if mount and SHARES.fullmatch(mount.kind) and not wsl:
        todo = "a file saved here sends no event: `watch` notices that and polls; a folder on a local disk is quicker"
        yield Surrounding("folder", f"it lies on {mount.kind} ({mount.source})", todo)


def _wsl(root: Path) -> str:
    """Return the version of WSL; empty elsewhere."""
    release = _read(root / "proc/sys/kernel/osrelease").lower()
    if "microsoft" not in release:
        return ""
    return "2" if "wsl2" in release or "standard" in release else "1"


def _todo_in_wsl(version: str, mount: Mount | None) -> str:
    if version == "1":
        return "the sandbox needs WSL 2: in PowerShell, run `wsl --set-version DISTRIBUTION 2`"
    if mount and mount.kind in ("9p", "drvfs"):
        return (
            f"this folder is on a Windows drive, which is slow and sends no event when a file is saved (`watch` "
            f"notices and polls): `{program()} init ~/my-katas` makes one on the Linux side"
        )
    return ""


def _container(environment: Mapping[str, str], root: Path) -> str:
    """Return the kind of container this is; empty elsewhere."""
    if "KUBERNETES_SERVICE_HOST" in environment:
        return "Kubernetes"
    found = next((name for file, name in CONTAINERS.items() if (root / file).exists()), "")
    return found or environment.get("container", "")


def _todo_in_a_container(mount: Mount | None) -> str:
    if mount and mount.is_root:
        return (
            "this folder ends with the container: mount one of the host (docker run -v), or take your files along, "
            f"and your progress with `{program()} export`"
        )
    return ""


def _todo_in_colab(folder: Path) -> str:
    if folder.is_relative_to("/content/drive"):
        return ""
    return (
        "the machine is deleted after the session: work in a folder on Drive (google.colab.drive.mount), or download "
        f"your files, and your progress with `{program()} export`"
    )


def _mount(folder: Path, root: Path) -> Mount | None:
    """Return what a folder lies on, as Linux tells; None elsewhere."""
    found: list[tuple[Path, Mount]] = []
    for line in _read(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        place = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        kind, source = after.split()[:2]
        if folder.is_relative_to(place):
            found.append((place, Mount(kind, place == Path("/"), source)))
    # The innermost counts, and of several at one place the last.
    return max(reversed(found), key=lambda each: len(each[0].parts), default=(None, None))[1]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
