"""Runs loops and loaders, and plays the part of a DataLoader's worker."""

import itertools
import os
import random
from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.data._utils import worker as worker_module

_PROCESSES = itertools.count(70_000)  # each part of a worker that is played here has a process number of its own


class Counting(Dataset):
    """Rows of a table; remembers which of them were asked for."""

    def __init__(self, rows):
        self.rows = rows
        self.asked = []

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        self.asked.append(int(index))
        return self.rows[index], torch.tensor(int(index))


class Noisy(Dataset):
    """Items that are random numbers out of the dataset's own generator, beside the worker that drew them."""

    def __init__(self, length):
        self.length = length
        self.generator = torch.Generator().manual_seed(0)

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return torch.rand((), generator=self.generator, dtype=torch.float64), worker_module.get_worker_info().id


def epochs(submission, x, y, batch_size, generator, count):
    """Collect the batches of `count` epochs from one generator.

    Told: `iterate_batches` of size {batch_size} from {x:count item}, {count:count epoch} with one generator
    """
    return [_pass(submission.iterate_batches(x, y, batch_size, generator), len(x)) for _ in range(count)]


def place(submission, device):
    """Say on which device the first batch of tensors without values is.

    Told: `iterate_batches` of tensors on another device
    """
    x, y = torch.empty(5, 3, device=device), torch.empty(5, dtype=torch.int64, device=device)
    try:
        batch = next(iter(submission.iterate_batches(x, y, 2, torch.Generator())))
    except NotImplementedError as error:
        if "copy out of meta" not in str(error):
            raise
        return ["copied from there"]
    return sorted({part.device.type for part in batch})


def loop(submission, rows, batch_size, drop_last, seed, count):
    """Make a loader; collect its length and `count` epochs, while somebody else draws in between.

    Told: `make_loader` over {rows:count row} in batches of {batch_size}{drop_last:if , the last one dropped},
    {count:count epoch}
    """
    loader = submission.make_loader(_numbered(rows), batch_size, drop_last, seed)
    length, passes = len(loader), [_pass(loader, len(rows)) for _ in range(count)]
    workers = getattr(loader, "num_workers", 0)
    return {"is_loader": isinstance(loader, DataLoader), "workers": workers, "length": length, "epochs": passes}


def loop_after_draws(submission, rows, batch_size, seed, draws):
    """Make a loader after others have drawn from the global generator; collect two epochs.

    Told: `make_loader` over {rows:count row}, after {draws:count draw} from the global generator
    """
    torch.rand(draws)
    loader = submission.make_loader(_numbered(rows), batch_size, False, seed)
    first = _pass(loader, len(rows))
    torch.rand(draws)
    return [first, _pass(loader, len(rows))]


def look(submission, rows, batch_size, seed):
    """Ask for the first batch; also tell which items were read for it.

    Told: `first_batch` of {batch_size} out of {rows:count row}
    """
    dataset = Counting(rows.cpu())
    loader = DataLoader(dataset, batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed))
    batch, asked = submission.first_batch(loader), list(dataset.asked)
    return {"batch": batch, "asked": asked, "again": submission.first_batch(loader)}


def collate(submission, sequences, labels):
    """Collate sequences given as lists; also return the sequences afterwards.

    Told: `pad_collate` of {sequences:count sequence}
    """
    batch = [(torch.tensor(each), label) for each, label in zip(sequences, labels, strict=True)]
    mine = list(batch)
    return {"batch": submission.pad_collate(batch), "after": [sequence for sequence, _ in mine]}


def collate_in_loader(submission, sequences, labels, batch_size):
    """Loop over a loader that collates by the submission.

    Told: a loader with `pad_collate` over {sequences:count sequence} in batches of {batch_size}
    """
    items = [(torch.tensor(each), label) for each, label in zip(sequences, labels, strict=True)]
    return list(DataLoader(items, batch_size, collate_fn=submission.pad_collate))


def draw_in_workers(submission, base_seeds, workers):
    """For each epoch and each worker, seed as DataLoader does and draw three numbers from the dataset's generator.

    Told: `seed_worker` in {workers:count worker} for {base_seeds:count epoch}
    """
    return [[_as_worker(submission, base, index, workers) for index in range(workers)] for base in base_seeds]


def draw_in_real_workers(submission, length, batch_size, seed):
    """Loop for two epochs over a loader with two worker processes; return what was drawn, and by which worker.

    Told: a loader with two worker processes, for two epochs over {length:count item}
    """
    _as_worker(submission, seed, 0, 2, draw=False)  # what it raises here is not wrapped up by DataLoader
    loader = DataLoader(
        Noisy(length), batch_size, num_workers=2, worker_init_fn=submission.seed_worker,
        generator=torch.Generator().manual_seed(seed), multiprocessing_context="fork",
    )  # fmt: skip
    return [[(drawn.tolist(), worker.tolist()) for drawn, worker in loader] for _ in range(2)]


def states_in_worker(submission, seed, worker_id):
    """Tell whether the global generators are as they were when a number had been drawn from each.

    Told: `seed_worker` in worker {worker_id}, and the global random states afterwards
    """
    before = _seeded(seed, worker_id, drawn=1)
    series = _as_worker(submission, seed, worker_id, worker_id + 1, drawn=1)
    after = _states()
    unseeded = torch.rand(3, generator=Noisy(1).generator).tolist()
    return {
        "own": series != unseeded,
        "torch": torch.equal(before[0], after[0]),
        "random": before[1] == after[1],
        "numpy": before[2:] == after[2:],
    }


def _numbered(rows):
    return TensorDataset(rows.cpu(), torch.arange(len(rows)))


def _states():
    numbers = np.random.get_state(legacy=True)
    return torch.get_rng_state(), random.getstate(), numbers[1].tolist(), numbers[2]


def _seeded(base, index, drawn=0):
    random.seed(base + index)
    torch.manual_seed(base + index)
    np.random.seed(worker_module._generate_state(base, index))
    for _ in range(drawn):
        torch.rand(()), random.random(), np.random.rand()
    return _states()


def _as_worker(submission, base, index, workers, draw=True, drawn=0):
    _seeded(base, index, drawn)
    dataset, process, real = Noisy(5), next(_PROCESSES), os.getpid
    os.getpid = lambda: process
    worker_module._worker_info = worker_module.WorkerInfo(
        id=index, num_workers=workers, seed=base + index, dataset=dataset
    )
    try:
        submission.seed_worker(index)
    finally:
        worker_module._worker_info, os.getpid = None, real
    return torch.rand(3, generator=dataset.generator).tolist() if draw else None


def _pass(batches, length):
    """Collect the batches of one pass; one that does not end is cut."""
    return [tuple(batch) if isinstance(batch, (list, tuple)) else batch for batch in islice(batches, length + 3)]
