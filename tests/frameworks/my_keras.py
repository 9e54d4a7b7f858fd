"""A small network of Keras on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

from typing import Any  # noqa: E402

import keras  # noqa: E402  it reads its backend while it is imported
import numpy as np  # noqa: E402

x = np.random.default_rng(0).normal(size=(48, 4)).astype(np.float32)
y = (x.sum(axis=1) > 0).astype(np.int64)


def build(learning_rate: float) -> Any:
    model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")])
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    return model
