"""How fast the image classifier trains: one epoch, and the whole shipped search."""

import json
import os
import tempfile
import time
from pathlib import Path

import torch

from objectives.data import load_dataset
from objectives.image_classifier import ImageClassifier
from objectives.images import DataSettings
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.timing import ROOT, command_seconds

PARAMS = {"filters": 32, "kernel_size": 5, "stride": 2, "batch_size": 32, "learning_rate": 1e-3}


def mnist_root() -> Path:
    """Find MNIST: in `$SEARCH_DATA`, or in a folder `shared/data` beside the project."""
    return Path(os.environ.get("SEARCH_DATA") or ROOT.parent / "shared" / "data")


def measure_epoch() -> list[Benchmark]:
    """Compare one MNIST epoch with the usual DataLoader loop, in turn, on one thread."""
    if not (mnist_root() / "MNIST" / "raw").exists():
        print("epoch     skipped: no MNIST; give its folder as $SEARCH_DATA")
        return []
    torch.set_num_threads(1)
    ratios = []
    for _ in range(3):
        theirs = _dataloader_epoch_s()
        ours = _our_epoch_s()
        ratios.append(theirs / ours)
    return [
        Benchmark(
            "MNIST epoch, times faster than a DataLoader", sorted(ratios)[1], "×", 2.5, False
        )
    ]


def measure_whole_search() -> list[Benchmark]:
    """Run `search run spaces/small_cnn.yaml` as a user does."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = command_seconds("run", "spaces/small_cnn.yaml", "--studies", folder)
        leaderboard = Path(folder) / "small_cnn" / "leaderboard.json"
        command_seconds(
            *("export", "small_cnn", "--studies", folder, "--format", "json"),
            *("-o", str(leaderboard)),
        )
        best = json.loads(leaderboard.read_text())[0]["value"]
    return [
        Benchmark("search run spaces/small_cnn.yaml, whole", seconds, "s", 60),
        Benchmark("its best validation accuracy", best, "", 0.98, False),
    ]


def _our_epoch_s() -> float:
    data = {"name": "mnist", "root": str(mnist_root())}
    objective = ImageClassifier(PARAMS, data=data, epochs=1, device="cpu")
    started = time.perf_counter()
    next(iter(objective))
    return time.perf_counter() - started


def _dataloader_epoch_s() -> float:
    """Train and validate the same network on the same images, the way tutorials do."""
    from torchvision import datasets, transforms

    settings = DataSettings(name="mnist", root=str(mnist_root()))
    split = load_dataset(settings, "cpu")
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    images = datasets.MNIST(str(mnist_root()), train=True, transform=transform)
    train = torch.utils.data.Subset(images, split.train.indices.tolist())
    val = torch.utils.data.Subset(images, split.val.indices.tolist())
    train_loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True)
    val_loader = torch.utils.data.DataLoader(val, batch_size=1024)
    model = ImageClassifier(PARAMS, epochs=1, device="cpu", data=_mnist()).model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    started = time.perf_counter()
    model.train()
    for batch, labels in train_loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(batch), labels).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for batch, labels in val_loader:
            model(batch).argmax(dim=1).eq(labels).sum().item()
    return time.perf_counter() - started


def _mnist() -> dict[str, str]:
    return {"name": "mnist", "root": str(mnist_root())}
