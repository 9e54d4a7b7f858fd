"""Points in the plane for LightGBM."""

import lightgbm
import numpy as np

_x = np.random.default_rng(0).normal(size=(160, 4))
_y = _x[:, 0] * _x[:, 1] > 0


def make_data() -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    train = lightgbm.Dataset(_x[:120], _y[:120], free_raw_data=False)
    return train, lightgbm.Dataset(_x[120:], _y[120:], reference=train, free_raw_data=False)
