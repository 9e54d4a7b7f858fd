"""A small network of Lightning, with what a checkpoint must bring back: dropout and a schedule."""

from typing import Any

import torch
from lightning import LightningModule
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

_made = torch.Generator().manual_seed(0)
_images = torch.randn(48, 4, generator=_made)
_data = TensorDataset(_images, (_images.sum(1) > 0).long())
train_data = DataLoader(_data, 16, shuffle=True)
val_data = DataLoader(_data, 16)


class Net(LightningModule):
    def __init__(self, learning_rate: float) -> None:
        super().__init__()
        self.learning_rate = learning_rate
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.2))
        self.head = torch.nn.Linear(8, 2)

    def training_step(self, batch: Any) -> torch.Tensor:
        loss = self._loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any) -> None:
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), self.learning_rate)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]

    def _loss(self, batch: Any) -> torch.Tensor:
        images, labels = batch
        return cross_entropy(self.head(self.layers(images)), labels)
