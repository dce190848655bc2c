"""21 A dataset out of a CSV file

A `Dataset` answers two questions: how many items are there, and what is item number i? Read the file
once, make tensors of the right shape and dtype, and hand out one row at a time. pandas reads the file;
its numbers are float64 or int64, but a network computes with float32.

    >>> import pandas as pd
    >>> import torch
    >>> table = pd.DataFrame({"height": [1.5, 0.25], "width": [2.0, 4.0], "kind": [0, 1]})
    >>> table[["height", "width"]].to_numpy().dtype
    dtype('float64')
    >>> torch.tensor(table[["height", "width"]].to_numpy(), dtype=torch.float32)
    tensor([[1.5000, 2.0000],
            [0.2500, 4.0000]])
    >>> [2.0, 4.0][-1]
    4.0

Read on: https://docs.pytorch.org/tutorials/beginner/basics/data_tutorial.html
and https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html
"""

from collections.abc import Callable

import pandas as pd
import torch
from torch.utils.data import Dataset


def read_numbers(path: str, has_header: bool) -> torch.Tensor:
    """Step 1. Read all numbers in a CSV file.

    path: a comma-separated file with one row of numbers in each line, two or more rows, one or more columns.
    has_header: whether one line with the names of the columns comes before the rows. Without it,
      the first line is a row of numbers like the others.

    Returns float32 of shape (rows, columns), every row in the order of the file, even if two are equal. The
    line of names is not a row.
    """
    raise NotImplementedError("step 1: read_numbers")


def read_columns(path: str, feature_names: list[str], label_name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 2. Read the features and the labels of a CSV file whose first line names the columns.

    path: a file of numbers as in step 1. It may have columns that nobody asks for, and its columns
      may come in any order.
    feature_names: the columns to use as features, one or more of them. The caller's list stays as it is.
    label_name: the column of labels: whole numbers, which the file may write as 3 or as 3.0.

    Returns (features, labels): features float32 of shape (rows, len(feature_names)), its columns in
    the order of `feature_names`; labels int64 of shape (rows,), the shape that a loss such as
    `torch.nn.CrossEntropyLoss` takes.
    """
    raise NotImplementedError("step 2: read_columns")


def position(index: int, length: int) -> int:
    """Step 3. Turn an index, as Python's lists take it, into a position counted from 0.

    index: any whole number. -1 means the last of `length` items, -length the first.
    length: how many items there are, 0 or more.

    Returns a position from 0 to length - 1. Raises IndexError if there is no such item. A loop over an
    object that has only `__len__` and `__getitem__` ends at that exception, and at nothing else.
    """
    raise NotImplementedError("step 3: position")


class CsvDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Step 4. A dataset with one item for each row of a CSV file.

    path, feature_names, label_name: as in step 2. The file is read once, when the dataset is made:
      whatever happens to it later changes no item.
    transform: None, or a function that takes the features of one item, float32 of shape
      (len(feature_names),). What it returns, in any dtype and any shape, is handed out in their place,
      just as it is. Call it once each time an item is asked for, never before. The label does not pass
      through it.

    `len(dataset)` is the number of rows. `dataset[index]` takes an index as step 3 does, IndexError
    included, and returns (features, label): float32 of shape (len(feature_names),), unless a transform
    turns it into something else, and an int64 tensor of shape (). Both are on the CPU.
    The features of an item are a copy: whatever the transform or the caller writes into them does not
    reach the dataset.
    """

    def __init__(
        self,
        path: str,
        feature_names: list[str],
        label_name: str,
        transform: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        raise NotImplementedError("step 4: CsvDataset")

    def __len__(self) -> int:
        raise NotImplementedError("step 4: CsvDataset")

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        raise NotImplementedError("step 4: CsvDataset")
