"""27 A better classifier, measured rung by rung"""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset


@dataclass(frozen=True)
class Settings:
    hidden: str = "sigmoid"
    output: str = "sigmoid"
    loss: str = "mse"
    optimizer: str = "sgd"
    layer_norm: bool = False


LADDER = {
    "sigmoid, MSE, SGD": Settings(),
    "BCE": Settings(loss="bce"),
    "LeakyReLU(0.02)": Settings(hidden="leaky_relu", output="leaky_relu"),
    "Adam": Settings(optimizer="adam"),
    "LeakyReLU(0.02), LayerNorm": Settings(hidden="leaky_relu", output="leaky_relu", layer_norm=True),
    "all together": Settings(hidden="leaky_relu", loss="bce", optimizer="adam", layer_norm=True),
}

# Percentages on MNIST in the study notes that this ladder comes from, with --batch-size 1 --lr 0.01 --epochs 4.
IN_THE_NOTES = {"sigmoid, MSE, SGD": 87.99, "BCE": 91.02, "LeakyReLU(0.02)": 97.07}
DIGITS = Path(__file__).resolve().parents[1] / "fixtures" / "digits"


def activation(name: str) -> nn.Module:
    return nn.LeakyReLU(0.02) if name == "leaky_relu" else nn.Sigmoid()


def build_model(settings: Settings) -> nn.Module:
    return nn.Sequential(
        nn.Linear(784, 200),
        activation(settings.hidden),
        # Normalised before the last layer, so that its inputs stay in a suitable range.
        *([nn.LayerNorm(200)] if settings.layer_norm else []),
        nn.Linear(200, 10),
        activation(settings.output),
    )


def build_training(model: nn.Module, settings: Settings, lr: float) -> tuple[nn.Module, torch.optim.Optimizer]:
    # Refused here, where it can be explained: the loss itself complains only when an output happens to leave the range.
    if settings.loss == "bce" and settings.output != "sigmoid":
        raise ValueError(f"binary cross-entropy needs outputs from 0 to 1, and {settings.output} can leave them")
    loss_function = nn.BCELoss() if settings.loss == "bce" else nn.MSELoss()
    if settings.optimizer == "adam":
        return loss_function, torch.optim.Adam(model.parameters())
    return loss_function, torch.optim.SGD(model.parameters(), lr=lr)


def run_rung(
    settings: Settings,
    train: Dataset,
    test: Dataset,
    device: torch.device,
    seed: int,
    epochs: int,
    batch_size: int,
    lr: float,
) -> float:
    # subtle: right before the weights are drawn; otherwise whatever ran before decides them.
    torch.manual_seed(seed)
    model = build_model(settings).to(device)
    loss_function, optimizer = build_training(model, settings, lr)
    # A generator of its own: the order does not depend on how many numbers the weights took.
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for pixels, labels in DataLoader(train, batch_size, shuffle=True, generator=order):
            targets = nn.functional.one_hot(labels, 10).to(device, torch.float32)  # (B,) -> (B, 10)
            optimizer.zero_grad()
            loss_function(model(pixels.to(device)), targets).backward()
            optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for pixels, labels in DataLoader(test, batch_size=256):
            right += int((model(pixels.to(device)).argmax(dim=1) == labels.to(device)).sum())
    return right / len(test)


def climb(
    ladder: Mapping[str, Settings],
    train: Dataset,
    test: Dataset,
    device: torch.device,
    seed: int,
    epochs: int,
    batch_size: int,
    lr: float,
) -> pd.DataFrame:
    # Every rung has the same seed and data: only the settings differ.
    rows = [
        (name, run_rung(settings, train, test, device, seed, epochs, batch_size, lr))
        for name, settings in ladder.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["rung", "accuracy"])


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def whole(text: str) -> int:
    number = int(text)
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is no seed from 0 to 2 ** 63 - 1")
    return number


def rate(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number


def a_device(text: str) -> torch.device:
    try:
        device = torch.device(text)
        torch.zeros(1, device=device).item()
    # torch raises various exceptions: AssertionError if it was built without CUDA, and others.
    except Exception as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no device that works here") from error
    return device


def read_digits(path: Path) -> TensorDataset:
    try:
        table = pd.read_csv(path, header=None, low_memory=False)
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # pandas' own, and bytes that are not text
        raise SystemExit(f"{path} is not a CSV file: {' '.join(str(error).split())}") from error
    if table.shape[1] != 785:
        raise SystemExit(f"{path} has {table.shape[1]} columns; there should be 785, a label and 784 pixels")
    rows = table.apply(pd.to_numeric, errors="coerce")
    most = pd.Series([9, *[255] * 784])
    # Whatever is not a number has become NaN, which is never at least 0.
    good = ((rows >= 0) & rows.le(most, axis=1) & (rows % 1 == 0)).to_numpy()
    if not good.all():
        row, column = divmod(int((~good).argmax()), 785)
        cell = table.iat[row, column]
        found = "nothing" if pd.isna(cell) else repr(str(cell)[:20])
        expected = "a pixel from 0 to 255" if column else "a label from 0 to 9"
        raise SystemExit(
            f"{path}, row {row + 1}, column {column + 1}: {found} is not {expected}; a header has no place here"
        )
    cells = torch.tensor(rows.to_numpy(dtype="int64"))  # (N, 785)
    return TensorDataset(cells[:, 1:].to(torch.float32) / 255, cells[:, 0])


def main() -> None:
    parser = Parser(description="Runs the ladder of digit classifiers.")
    parser.add_argument("--train", type=Path, default=DIGITS / "train.csv", help="a CSV in MNIST's format")
    parser.add_argument("--test", type=Path, default=DIGITS / "test.csv", help="a CSV in MNIST's format")
    parser.add_argument("--device", type=a_device, default="cpu")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--epochs", type=whole, default=8)
    parser.add_argument("--batch-size", type=whole, default=8)
    parser.add_argument("--lr", type=rate, default=0.4, help="learning rate of SGD")
    given = parser.parse_args()
    train, test = read_digits(given.train), read_digits(given.test)
    print(f"{len(train)} images to train on, {len(test)} to test on, {given.epochs} epochs, seed {given.seed}")
    print(f"{'rung':28} {'here':>8} {'notes, MNIST':>13}")
    for name, settings in LADDER.items():
        # One rung at a time, because each takes a while.
        table = climb({name: settings}, train, test, given.device, given.seed, given.epochs, given.batch_size, given.lr)
        noted = f"{IN_THE_NOTES[name]:.2f} %" if name in IN_THE_NOTES else "-"
        print(f"{name:28} {table['accuracy'][0]:8.2%} {noted:>13}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("stopped") from None
