"""23 Batches"""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info


def iterate_batches(
    x: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    # One order for both keeps each x beside its y; the generator moves on, so the next epoch has another.
    order = torch.randperm(len(x), generator=generator)  # (N,)
    for rows in order.split(batch_size):  # (B,), the last one smaller
        yield x[rows], y[rows]


def count_batches(length: int, batch_size: int, drop_last: bool) -> int:
    # Minus twice: rounding down a negative number rounds its opposite up.
    return length // batch_size if drop_last else -(-length // batch_size)


def make_loader(dataset: Dataset[Any], batch_size: int, drop_last: bool, seed: int) -> DataLoader[Any]:
    # subtle: without a generator of its own, the loader draws from the global one in each epoch.
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle=True, drop_last=drop_last, generator=generator)


def first_batch(loader: DataLoader[Any]) -> Any:
    # A loader is not an iterator: each `iter` begins a new pass over the data.
    return next(iter(loader))


def pad_collate(batch: list[tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    # Zeros are data as well, so only the lengths tell where a sequence ends.
    lengths = torch.tensor([len(sequence) for sequence, _ in batch])  # (B,)
    padded = torch.zeros(len(batch), int(lengths.max()))  # (B, L)
    for row, (sequence, _) in zip(padded, batch, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths, torch.tensor([label for _, label in batch])


def seed_worker(worker_id: int) -> None:  # noqa: ARG001  DataLoader passes it
    info = get_worker_info()
    # The seed already holds the worker's id, and DataLoader draws a new one for each epoch.
    info.dataset.generator.manual_seed(info.seed)
