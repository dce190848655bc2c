"""22 Digits as a dataset

MNIST as a CSV file: no header, and in each line a label and the 784 pixels of one picture, row by row. The
label is a name and stays a whole number. The pixels are measurements, and a network works best with them
between 0 and 1. A loss that compares numbers with numbers needs the label as a row of ten, a 1 among zeros.

    >>> import torch
    >>> line = torch.tensor([3, 0, 51, 255], dtype=torch.uint8)
    >>> line[1:] / 255
    tensor([0.0000, 0.2000, 1.0000])
    >>> line[0].long(), (line[0] / 255).long()
    (tensor(3), tensor(0))
    >>> torch.arange(6).reshape(2, 3)
    tensor([[0, 1, 2],
            [3, 4, 5]])

Read on: https://matplotlib.org/stable/api/_as_gen/matplotlib.axes.Axes.imshow.html
"""

import pandas as pd
import torch
from matplotlib.axes import Axes
from torch.utils.data import Dataset


def read_digits(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 1. Read a CSV file of digits, such as fixtures/digits/test.csv.

    path: a file without a header, one line or more. Each is one picture: its label, 0 to 9, then 784 pixels,
      whole numbers 0 to 255.

    Returns (labels, pixels): labels int64 of shape (N,); pixels uint8 of shape (N, 784), an eighth of
    the memory that pandas takes for them. Both are in the order of the file, equal lines included.
    """
    raise NotImplementedError("step 1: read_digits")


def scale(pixels: torch.Tensor) -> torch.Tensor:
    """Step 2. Scale pixels to the range from 0 to 1.

    pixels: uint8 of any shape, on any device.

    Returns float32 of the same shape on the same device: 0 for the pixel 0, 1 for the pixel 255, and in
    proportion in between, the same in every picture, however bright or dark it is.
    """
    raise NotImplementedError("step 2: scale")


def one_hot(label: int, classes: int) -> torch.Tensor:
    """Step 3. Make the target for one label: all zeros, except for a 1 at the label's place.

    label: 0 to classes - 1. Any other number is not a class: raise ValueError.
    classes: how many classes there are, 1 or more.

    Returns float32 of shape (classes,) on the CPU: a loss such as MSE compares it with a network's outputs.
    """
    raise NotImplementedError("step 3: one_hot")


class DigitDataset(Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]):
    """Step 4. A dataset with one item for each line of a file of digits.

    path: as in step 1. The file is read once, when the dataset is made: whatever happens to it later
      changes no item.

    `len(dataset)` is the number of pictures. `dataset[index]` takes an index as Python's lists do:
    negative ones count from the end, and if there is no such item it raises IndexError. It returns
    (label, pixels, target), all on the CPU:
      label: int64 of shape ();
      pixels: float32 of shape (784,), from 0 to 1, scaled as in step 2;
      target: float32 of shape (10,), as in step 3.
    Items may share memory with the dataset.
    """

    def __init__(self, path: str) -> None:
        raise NotImplementedError("step 4: DigitDataset")

    def __len__(self) -> int:
        raise NotImplementedError("step 4: DigitDataset")

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        raise NotImplementedError("step 4: DigitDataset")


def draw(axes: Axes, pixels: torch.Tensor, label: int, cmap: str) -> None:
    """Step 5. Draw the picture of one item on a matplotlib Axes that somebody else has made.

    axes: draw here and nowhere else. There may be other Axes in the same figure, which stay in it, and
      there may be no current figure for `plt` to draw on. Do not open a figure and do not show one.
    pixels: float32 of shape (784,), from 0 to 1, on the CPU: 28 rows of 28, the top row first.
    label: becomes the title, such as `label = 7`.
    cmap: the name of the colour map, such as "Blues".

    Put one image on `axes` with `axes.imshow`: the pixels as they are, 28 by 28, the first row at the top.
    Each pixel is a square of one colour: as high as wide, interpolation "none" or "nearest". 0 is the first
    colour of the map and 1 the last one, even in a picture that contains neither: by default imshow
    stretches what it finds over the whole map.
    """
    raise NotImplementedError("step 5: draw")
