"""23 Batches

An epoch is one pass over the data: every item once, in an unpredictable order, in small groups called
batches. You make them by hand first, then with `DataLoader`, which also stacks the items and can share the
work among processes. Every random number comes from a generator of your own, so a seed fixes the order of
all epochs, and the rest of the program draws what it would have drawn anyway.

    >>> import torch
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> generator = torch.Generator().manual_seed(1)
    >>> torch.randperm(5, generator=generator), torch.randperm(5, generator=generator)
    (tensor([0, 4, 2, 3, 1]), tensor([3, 2, 4, 1, 0]))
    >>> dataset = TensorDataset(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([10, 20, 30]))
    >>> for inputs, targets in DataLoader(dataset, batch_size=2):
    ...     print(inputs.shape, targets)
    torch.Size([2, 1]) tensor([10, 20])
    torch.Size([1, 1]) tensor([30])

Read on: https://docs.pytorch.org/docs/stable/data.html
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info


def iterate_batches(
    x: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Step 1. Yield the batches of one epoch.

    x, y: inputs of shape (N, ...) and targets of shape (N,), each of any dtype, N at least 1; y[i] belongs to
      x[i]. Neither may be changed.
    batch_size: how many items are in a batch; the last one holds what is left and may be smaller.
    generator: on the CPU. Everything random comes from it, and it goes on from its current state: the
      next call, with the same generator, yields another order.

    Yields tuples (x_batch, y_batch) on the device and with the dtypes of x and y. Every item is in exactly one
    batch, each x still beside its y. All orders of the items are possible, not only those that keep neighbours
    together.
    """
    raise NotImplementedError("step 1: iterate_batches")


def count_batches(length: int, batch_size: int, drop_last: bool) -> int:
    """Step 2. Say how many batches an epoch has.

    length: how many items there are, 0 or more.
    batch_size: 1 or more.
    drop_last: whether a last batch that would be smaller than the others is left out.

    Returns an int.
    """
    raise NotImplementedError("step 2: count_batches")


def make_loader(dataset: Dataset[Any], batch_size: int, drop_last: bool, seed: int) -> DataLoader[Any]:
    """Step 3. Make a DataLoader that shuffles.

    dataset: has a length and tuples of tensors as items.
    drop_last: as in step 2.
    seed: fixes the order of every epoch. Two loaders with the same seed agree in their first epoch, in
      their second, and so on, whatever else the program draws in between; one loader's epochs differ.

    Returns a DataLoader, which stacks items into batches as DataLoader does by default and starts no
    worker processes. Neither making it nor looping over it changes torch's global random state.
    """
    raise NotImplementedError("step 3: make_loader")


def first_batch(loader: DataLoader[Any]) -> Any:
    """Step 4. Look at one batch.

    loader: can be looped over, and has no `__next__` of its own.

    Returns the first batch of a new pass. The rest of the pass is not computed: the dataset is asked for
    the items of this batch and for no others.
    """
    raise NotImplementedError("step 4: first_batch")


def pad_collate(batch: list[tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 5. Make a batch of sequences that differ in length; `DataLoader(collate_fn=...)` calls this.

    batch: a list of B items (sequence, label), B at least 1; sequence float32 of shape (length,), length
      at least 1, on the CPU; label a Python int. The sequences may not be changed.

    Returns (padded, lengths, labels), all on the CPU:
      padded: float32 of shape (B, greatest length in this batch), each sequence at the start of its row
        and zeros after it;
      lengths: int64 of shape (B,), the length of each sequence before it was padded;
      labels: int64 of shape (B,).
    """
    raise NotImplementedError("step 5: pad_collate")


def seed_worker(worker_id: int) -> None:
    """Step 6. Give a worker random numbers of its own; `DataLoader(worker_init_fn=...)` calls this.

    A worker is a process that holds a copy of the dataset, made anew for each epoch. In each worker,
    DataLoader seeds the global generators of torch, Python and numpy (older advice to seed numpy by hand
    is out of date). A generator that the dataset holds is copied in its current state: all workers would
    draw the same numbers from it, in every epoch.

    worker_id: 0 to the number of workers - 1. The function runs in the worker, before the first item. There,
      `get_worker_info()` has `id`, `seed` and `dataset`: the worker's own copy of the dataset, and a seed
      of up to 63 bits that DataLoader drew from its generator for this epoch, plus the id.

    Seeds `dataset.generator`, a torch.Generator, with a number that differs between workers and between
    epochs and follows from `seed` alone: the same `seed` gives the same numbers, and two seeds that are less
    than 2**32 apart give different ones. Nothing else is changed.
    """
    raise NotImplementedError("step 6: seed_worker")
