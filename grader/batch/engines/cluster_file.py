"""Which cluster: a scheduler's address, or a YAML file that says how to make one.

    cluster: dask_jobqueue.SLURMCluster   # any class of Dask's clusters; or `address:` of a scheduler that runs
    options: {queue: short, cores: 1, memory: 4GB, walltime: "01:00:00"}
    workers: 20
    tls: {ca: ca.pem, cert: cert.pem, key: key.pem}

What such a file names is run: it is the staff's own, like a script.
"""

from __future__ import annotations

import importlib
import logging
import shutil
import warnings
from pathlib import Path
from typing import Any

import msgspec

from grader import files
from grader.batch.extra import needed
from grader.batch.toml_lines import in_plain_words, meant
from grader.errors import UsageError, debugging

PURPOSE = "grade on a cluster"
CONNECT_SECONDS = 30
# Dask's processes look at what they do every 10 and 20 ms, which takes 5 % of two processors that have better to do.
LOOKS_SELDOM = {"worker": {"profile": {"enabled": False}}, "admin": {"tick": {"interval": "1s"}}}


class Tls(msgspec.Struct, forbid_unknown_fields=True):
    """Files that prove who is who, as paths."""

    ca: str
    cert: str
    key: str


class ClusterFile(msgspec.Struct, forbid_unknown_fields=True):
    """What the file says."""

    cluster: str = ""
    address: str = ""
    options: dict[str, Any] = {}
    workers: int | None = None
    tls: Tls | None = None


def read_cluster(where: str) -> ClusterFile:
    """Return what an address or a file says; raise UsageError for a file that says something else."""
    if "://" in where:
        return ClusterFile(address=where)
    yaml = needed("yaml", PURPOSE)
    try:
        found = yaml.safe_load(files.read(Path(where)).decode())
    except OSError as error:
        raise UsageError(
            f"{where} is neither an address such as tcp://host:8786 nor a file: {error.strerror}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{where} is not YAML: {' '.join(str(error).split())}") from None
    return _checked(where, found)


def _checked(where: str, found: Any) -> ClusterFile:
    known = [each.name for each in msgspec.structs.fields(ClusterFile)]
    for key in found if isinstance(found, dict) else ():
        if key not in known:
            raise UsageError(f"{where}: {key!r} is not known here; {meant(str(key), known)}")
    try:
        said = msgspec.convert(found, ClusterFile)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {in_plain_words(str(error))}") from None
    if bool(said.cluster) == bool(said.address):
        raise UsageError(f"{where}: give either `cluster`, a class, or `address`, a scheduler's")
    return said


def connected(where: str) -> tuple[Any, Any]:
    """Return a client of Dask, and the cluster where one was made for it; raise UsageError where neither can be had."""
    said = read_cluster(where)
    distributed = needed("distributed", PURPOSE)
    # What somebody has set for themselves stays.
    needed("dask.config", PURPOSE).update_defaults({"distributed": LOOKS_SELDOM})
    if not debugging():  # what it logs of workers that come and go is no news; what matters is said by us
        for name in ("distributed", "asyncio", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", module="distributed")
    security = None
    if said.tls:
        security = distributed.Security(
            tls_ca_file=said.tls.ca, tls_client_cert=said.tls.cert, tls_client_key=said.tls.key,
            tls_worker_cert=said.tls.cert, tls_worker_key=said.tls.key, tls_scheduler_cert=said.tls.cert,
            tls_scheduler_key=said.tls.key, require_encryption=True,
        )  # fmt: skip
    cluster = _made(where, said, security) if said.cluster else None
    try:
        client = distributed.Client(
            cluster or said.address, security=security, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:
        if cluster:
            cluster.close()
        raise UsageError(f"no scheduler answers at {said.address or where}: {error or type(error).__name__}") from None
    return client, cluster


def _made(where: str, said: ClusterFile, security: Any) -> Any:
    module, _, name = said.cluster.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module or "distributed"), name)
    except (ImportError, AttributeError, ValueError):
        raise UsageError(f"{where}: there is no {said.cluster}; name a class, as dask_jobqueue.SLURMCluster") from None
    submits = getattr(getattr(kind, "job_cls", None), "submit_command", "")
    if submits and not shutil.which(submits.split()[0]):
        raise UsageError(f"{where}: there is no `{submits}` on this machine; start this where jobs can be submitted")
    try:
        made = kind(**said.options, **({"security": security} if security else {}))
        if said.workers is not None:
            made.scale(said.workers)
    except Exception as error:  # whatever a cluster of any kind raises is about its options
        raise UsageError(f"{where}: {said.cluster} could not be made: {error or type(error).__name__}") from None
    return made
