"""Points in the plane for XGBoost."""

import numpy as np
import xgboost

_x = np.random.default_rng(0).normal(size=(80, 4))
_y = _x[:, 0] * _x[:, 1] > 0
train_data = xgboost.DMatrix(_x[:60], _y[:60], nthread=1)
val_data = xgboost.DMatrix(_x[60:], _y[60:], nthread=1)
