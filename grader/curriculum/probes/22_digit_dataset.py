"""Writes digits into the scratch folder, makes datasets and Axes, and looks at what came of them."""

from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PATH = "digits.csv"


def write(submission, text):
    """Put a CSV file where the next call can read it.

    Told: a CSV file is written
    """
    Path(PATH).write_text(text, encoding="utf-8")


def ask(submission, path, indices):
    """Make a dataset of a file; return its length, and the item or the exception at each index.

    Told: `DigitDataset` of a file, asked for {indices:count item}
    """
    dataset = submission.DigitDataset(path)
    return {"length": len(dataset), "items": [_item(dataset, index) for index in indices]}


def describe(submission, text):
    """Tell whether it is a Dataset, and what a plain loop gets out of it, stopped at twice its length.

    Told: `DigitDataset` of a file, looped over
    """
    from torch.utils.data import Dataset

    write(submission, text)
    dataset = submission.DigitDataset(PATH)
    return {"is_dataset": isinstance(dataset, Dataset), "looped": sum(1 for _ in islice(dataset, 2 * len(dataset)))}


def after_change(submission, text, other_text, indices):
    """Make a dataset, write other digits over its file, then ask for items.

    Told: `DigitDataset` of a file that changes afterwards, asked for {indices:count item}
    """
    write(submission, text)
    dataset = submission.DigitDataset(PATH)
    write(submission, other_text)
    return [_item(dataset, index) for index in indices]


def draw(submission, pixels, label, cmap):
    """Draw on the second of three Axes; tell what is there, and what came to be elsewhere.

    Told: `draw` of the digit {label} on the second of three Axes
    """
    figure = Figure()
    FigureCanvasAgg(figure)
    plt.close("all")  # what the file itself has drawn is no concern of the step
    before, axes, after = figure.subplots(1, 3)
    shown, sent = [], pixels.cpu()
    plt.show = plt.pause = Figure.show = lambda *_, **__: shown.append(True)
    submission.draw(axes, sent, label, cmap)
    others = [before, after, *(each for number in plt.get_fignums() for each in plt.figure(number).axes)]
    others += [each for each in figure.axes if each not in (before, axes, after)]
    return {
        "images": [_image(axes, image) for image in axes.images],
        "title": axes.get_title(),
        "left": sum(each in figure.axes for each in (before, axes, after)),
        "shape": tuple(sent.shape),
        "shown": len(shown),
        "bars": sum(each.get_label() == "<colorbar>" for each in figure.axes),
        "elsewhere": sum(each.has_data() for each in others),
        "titles_elsewhere": [each.get_title() for each in others],
        "figures": len(plt.get_fignums()),
    }


def _image(axes, image):
    left, right, bottom, top = image.get_extent()
    if image.origin == "lower":
        bottom, top = top, bottom
    aspect = axes.get_aspect()
    height = 0.0 if aspect == "auto" else (1.0 if aspect == "equal" else float(aspect)) * abs(top - bottom)
    return {
        "array": torch.from_numpy(np.array(image.get_array(), dtype=np.float64)),
        "cmap": image.get_cmap().name,
        "interpolation": image.get_interpolation(),
        "range": [float(limit) for limit in image.get_clim()],
        "middle": float(image.norm(0.25)),
        "alpha": image.get_alpha() in (None, 1.0),
        "top_down": bool((top > bottom) != axes.yaxis_inverted()),
        "mirrored": bool((left > right) != axes.xaxis_inverted()),
        "square": abs(height - abs(right - left)) < 1e-6,
    }


def _item(dataset, index):
    try:
        return dataset[index]
    except (IndexError, KeyError) as error:
        return "IndexError" if isinstance(error, IndexError) else "KeyError"
