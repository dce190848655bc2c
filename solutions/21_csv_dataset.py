"""21 A dataset out of a CSV file"""

from collections.abc import Callable

import pandas as pd
import torch
from torch.utils.data import Dataset


def read_numbers(path: str, has_header: bool) -> torch.Tensor:
    # subtle: pandas takes the first line as names unless it is told that there are none.
    table = pd.read_csv(path, header=0 if has_header else None)
    return torch.tensor(table.to_numpy(), dtype=torch.float32)


def read_columns(path: str, feature_names: list[str], label_name: str) -> tuple[torch.Tensor, torch.Tensor]:
    table = pd.read_csv(path)
    features = torch.tensor(table[feature_names].to_numpy(dtype="float32"))  # (N, F)
    # A single name gives a column, a list of names gives a table: (N,) versus (N, 1).
    labels = torch.tensor(table[label_name].to_numpy(), dtype=torch.int64)  # (N,)
    return features, labels


def position(index: int, length: int) -> int:
    # Without an IndexError, a `for` over the dataset would never end.
    if not -length <= index < length:
        raise IndexError(f"there is no item {index} among {length}")
    return index + length if index < 0 else index


class CsvDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __init__(
        self,
        path: str,
        feature_names: list[str],
        label_name: str,
        transform: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        self.features, self.labels = read_columns(path, feature_names, label_name)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = position(index, len(self))
        # subtle: a row of a tensor is a view; without the copy an in-place transform would rewrite the dataset.
        features = self.features[row].clone()  # (F,)
        if self.transform is not None:
            features = self.transform(features)
        return features, self.labels[row]
