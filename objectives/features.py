"""What a frozen body makes of each image, computed once and shared by all trials and workers.

While a body is frozen and images are not changed, its output for an image is always the
same. It lies beside the prepared images, under a name made of the body's weights and the
images' own.
"""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from objectives.data import Dataset, Split
from objectives.image_folder import open_folder
from objectives.images import DataSettings, locked, source_key
from objectives.models.pretrained import Pretrained
from objectives.sources import cache_folder

_BATCH = 128


def feature_dataset(model: Pretrained, data: Dataset, settings: DataSettings) -> Dataset:
    """Give the features of a data set's images, `(M, F)` float32, in the images' place.

    The body of the model, left in evaluation mode, gives them; `settings` names the images.
    """
    used = torch.cat([data.train.indices, data.val.indices])
    folder = cache_folder() / "features" / _name(model, settings, used.cpu().numpy())
    file = folder / "features.npy"
    if not file.exists():
        with locked(folder):
            if not file.exists():
                _write(file, _features(model, data, used))
    # Copy-on-write mapping: pages are shared until someone writes, and nobody does.
    rows = torch.from_numpy(np.asarray(np.load(file, mmap_mode="c"))).to(used.device)
    labels = data.train.labels[used]
    places = torch.arange(len(rows), device=used.device)
    one = torch.ones(1, 1, device=used.device)
    return replace(
        data,
        train=Split(rows, labels, places[: len(data.train)]),
        val=Split(rows, labels, places[len(data.train) :]),
        scale=one,
        shift=torch.zeros_like(one),
    )


@torch.no_grad()
def _features(model: Pretrained, data: Dataset, used: Tensor) -> NDArray[np.float32]:
    model.eval()
    parts = [
        model.features(data.normalise(data.train.images[batch])).float().cpu()
        for batch in torch.split(used, _BATCH)
    ]
    return torch.cat(parts).numpy()


def _write(file: Path, features: NDArray[np.float32]) -> None:
    unfinished = file.with_name("unfinished.npy")
    np.save(unfinished, features)
    os.replace(unfinished, file)


def _name(model: Pretrained, settings: DataSettings, used: NDArray[np.int64]) -> str:
    """Name the features of some images: other weights, layers or images, another name."""
    images = (
        open_folder(settings).fit.place.name
        if settings.is_folder
        else source_key(settings, "train")
    )
    digest = hashlib.sha256(f"{images} {model.image_size} {model.backbone!r}".encode())
    digest.update(used.tobytes())
    for name, tensor in sorted(model.state_dict().items()):
        if not name.startswith("head."):
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:24]
