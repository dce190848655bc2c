"""Writes tables into the scratch folder, makes datasets of them, and asks for items."""

from itertools import islice
from pathlib import Path

PATH = "table.csv"


def write(submission, text):
    """Put a CSV file where the next call can read it.

    Told: a CSV file is written
    """
    Path(PATH).write_text(text, encoding="utf-8")


def ask(submission, text, feature_names, label_name, indices):
    """Make a dataset without a transform; return its length, and the item or the exception at each index.

    Told: `CsvDataset` of the columns {feature_names}, asked for {indices:count item}
    """
    dataset = _made(submission, text, feature_names, label_name)
    return {"length": len(dataset), "items": [_item(dataset, index) for index in indices]}


def describe(submission, text, feature_names, label_name):
    """Tell whether it is a Dataset, and what a plain loop gets out of it, stopped at twice its length.

    Told: `CsvDataset` of the columns {feature_names}, looped over
    """
    from torch.utils.data import Dataset

    dataset = _made(submission, text, feature_names, label_name)
    return {"is_dataset": isinstance(dataset, Dataset), "looped": sum(1 for _ in islice(dataset, 2 * len(dataset)))}


def after_change(submission, text, other_text, feature_names, label_name, indices):
    """Make a dataset, write another table over its file, then ask for its length and items.

    Told: `CsvDataset` of a file that changes afterwards, asked for {indices:count item}
    """
    dataset = _made(submission, text, feature_names, label_name)
    Path(PATH).write_text(other_text, encoding="utf-8")
    return {"length": len(dataset), "items": [_item(dataset, index) for index in indices]}


def through_transform(submission, text, feature_names, label_name, indices):
    """Ask for items with a transform that adds the number of its call; also return the calls and what they got.

    Told: `CsvDataset` with a transform, asked for {indices:count item}
    """
    got = []

    def transform(features):
        got.append(features.clone())
        return features + len(got)

    dataset = _made(submission, text, feature_names, label_name, transform)
    calls, items = [len(got)], []
    for index in indices:
        items.append(dataset[index])
        calls.append(len(got))
    return {"calls": calls, "items": items, "got": got[-len(indices) :]}


def through_in_place_transform(submission, text, feature_names, label_name, index):
    """Ask three times for one item with a transform that writes into what it is given.

    Told: `CsvDataset` with a transform that writes into what it is given, asked three times for item {index}
    """
    dataset = _made(submission, text, feature_names, label_name, lambda features: features.mul_(2))
    return [dataset[index][0].clone() for _ in range(3)]


def through_odd_transform(submission, text, feature_names, label_name, index):
    """Ask for an item with a transform that returns int16 and one that returns what requires a gradient.

    Told: `CsvDataset` with transforms that return another dtype or require a gradient, asked for item {index}
    """
    import torch

    weight = torch.nn.Parameter(torch.tensor(3.0))
    transforms = (lambda features: features.round().to(torch.int16), lambda features: features * weight)
    return [_made(submission, text, feature_names, label_name, each)[index][0] for each in transforms]


def written_by_caller(submission, text, feature_names, label_name, index):
    """Write into the features of an item, then ask for the same item again.

    Told: `CsvDataset` whose caller writes into item {index} and asks for it again
    """
    dataset = _made(submission, text, feature_names, label_name)
    dataset[index][0].mul_(2)
    return dataset[index][0]


def _made(submission, text, feature_names, label_name, *transform):
    Path(PATH).write_text(text, encoding="utf-8")
    return submission.CsvDataset(PATH, feature_names, label_name, *transform)


def _item(dataset, index):
    try:
        return dataset[index]
    except (IndexError, KeyError) as error:
        return "IndexError" if isinstance(error, IndexError) else "KeyError"
