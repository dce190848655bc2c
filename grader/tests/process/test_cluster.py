"""A cluster of real processes: whatever happens to them, every task ends once, with its verdict."""

import dataclasses
import itertools
import os
import signal
import subprocess
import sys
import threading

import pytest
from dask import config
from distributed import LocalCluster

from grader.batch.carry_out import how
from grader.batch.course import Course
from grader.batch.engines import cluster as module
from grader.batch.engines.cluster import Cluster
from grader.batch.engines.cluster_file import connected, read_cluster
from grader.batch.task import How, Task
from grader.catalogue.catalogue import find
from grader.errors import GraderError, UsageError
from grader.judging.clock import Limits

LEAF = find("05")
PROFILE, TICK = "distributed.worker.profile.enabled", "distributed.admin.tick.interval"
said, warned = [], []
SOLUTION = LEAF.solution.read_text(encoding="utf-8")


@pytest.fixture
def local():
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None, silence_logs=50
    )
    yield cluster
    cluster.close()


def tasks(count):
    return [Task(f"key-{number}", LEAF.name, f"{SOLUTION}\n# {number}\n", "", "cpu", 1) for number in range(count)]


def engine(address, how_to=None):
    return Cluster(address, how_to or how(Course()), LEAF, "cpu", said.append, warned.append)


def worker_pids(cluster):
    return [each.process.process.pid for each in cluster.workers.values()]


def test_a_killed_worker_loses_nothing_and_one_that_joins_late_takes_part(local):
    with engine(local.scheduler_address) as cluster:
        running = cluster.run(tasks(16))
        ended = [next(running)]
        local.scale(2)
        ended += itertools.islice(running, 3)
        os.kill(worker_pids(local)[0], signal.SIGKILL)
        ended += running
        assert sorted(each.key for each in ended) == sorted(each.key for each in tasks(16))
        assert {each.outcome for each in ended} == {"passed"}
        again = list(cluster.alone(tasks(1)))
    assert [each.outcome for each in again] == ["passed"]
    assert sum("can grade (rlimits" in each for each in said) >= 2


def test_who_waits_for_a_worker_is_told(local):
    local.scale(0)
    warned.clear()
    threading.Timer(3.0, local.scale, [1]).start()
    with engine(local.scheduler_address) as cluster:
        assert [each.outcome for each in cluster.run(tasks(1))] == ["passed"]
    assert warned == ["no worker is there yet; waiting for one"]


def test_workers_of_a_cluster_that_is_made_leave_the_processors_to_judges(tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text("cluster: distributed.LocalCluster\noptions: {n_workers: 1, dashboard_address: null}\n")
    client, cluster = connected(str(file))
    with cluster, client:
        settings = client.run(lambda: (config.get(PROFILE), config.get(TICK)))
    assert list(settings.values()) == [(False, "1s")]


def test_what_hangs_is_tried_elsewhere(local, monkeypatch):
    monkeypatch.setattr(module, "STRAGGLES_AFTER", 1.0)
    local.scale(2)
    local.wait_for_workers(2)
    quick = dataclasses.replace(Course(), limits=Limits(call=2.0, exercise=20.0))
    with engine(local.scheduler_address, how(quick)) as cluster:
        warm = list(cluster.run(tasks(8)))
        stuck = worker_pids(local)[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            ended = list(cluster.run(tasks(4)))
        finally:
            os.kill(stuck, signal.SIGCONT)
    assert [each.outcome for each in [*warm, *ended]] == ["passed"] * 12


def test_workers_with_other_code_are_not_given_any_work(local):
    with (
        engine(local.scheduler_address, How(code="another")) as cluster,
        pytest.raises(UsageError, match=r"no worker of the cluster can grade: .* has other versions"),
    ):
        list(cluster.run(tasks(1)))


def test_a_scheduler_that_is_killed_is_told():
    boot = (
        "from distributed import LocalCluster; "
        "c = LocalCluster(n_workers=1, threads_per_worker=1, memory_limit=0, dashboard_address=None, silence_logs=50); "
        "print(c.scheduler_address, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"if __name__ == '__main__':\n exec({boot!r})"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    address = process.stdout.readline().strip()
    with engine(address) as cluster:
        running = cluster.run(tasks(50))
        assert next(running).outcome == "passed"
        process.kill()
        with pytest.raises(GraderError, match="scheduler is gone"):
            list(running)
    process.communicate()


def test_nobody_at_the_address_is_told(monkeypatch):
    monkeypatch.setattr("grader.batch.engines.cluster_file.CONNECT_SECONDS", 0.2)
    with pytest.raises(UsageError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"), engine("tcp://127.0.0.1:9"):
        pass


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("clustr: x", "'clustr' is not known here; did you mean 'cluster'"),
        ("workers: 3", "give either `cluster`, a class, or `address`"),
        ("cluster: a\naddress: b", "give either `cluster`, a class, or `address`"),
        ("cluster: [", "is not YAML"),
        ("- 1", "expected a table"),
        ("cluster: x\nworkers: many", "expected a whole number, got a text"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, text, why):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UsageError, match=why):
        read_cluster(str(tmp_path / "c.yaml"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cluster: no_such_module.Cluster", "there is no no_such_module.Cluster"),
        ("cluster: dask_jobqueue.SLURMCluster", "there is no `sbatch` on this machine"),
        ("cluster: distributed.LocalCluster\noptions: {no_such_option: 1}", "could not be made"),
    ],
)
def test_a_class_that_cannot_be_made_is_told(tmp_path, monkeypatch, text, why):
    monkeypatch.setattr("shutil.which", lambda name: None)
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UsageError, match=why), engine(str(tmp_path / "c.yaml")):
        pass
