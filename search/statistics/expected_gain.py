"""What a search may still gain, by a Gaussian process over the points it has tried."""

import warnings

import numpy as np
from numpy.typing import NDArray

_N_DRAWS = 256
_FAR_BELOW = 2.0
"""Values further below the median than so many times what the best is above it count as that far:
how bad the bad ones are says nothing of the good ones."""

Numbers = NDArray[np.float64]


def expected_gain(
    tried: NDArray[np.floating],
    values: Numbers,
    candidates: NDArray[np.floating],
    n_next: int,
    seed: int,
) -> float:
    """Estimate what some further trials gain over the best point so far.

    A Gaussian process with noise is fitted to the values. The next trials are the candidates of
    the largest expected improvement over the tried point of the highest mean; the gain is how far
    the best of them is above that point, on average over draws from the process.

    Args:
        tried: `(N, D)`, points from 0 to 1; at least three.
        values: `(N,)`, higher is better.
        candidates: `(M, D)`, points that might be tried.
        n_next: How many trials follow.
        seed: The same seed gives the same answer.

    Returns:
        A difference of values, at least 0.
    """
    from scipy.stats import norm
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    median = float(np.median(values))
    least = median - _FAR_BELOW * (values.max() - median)
    scales = Matern(np.full(tried.shape[1], 0.5), (0.05, 50.0), nu=2.5)
    kernel = ConstantKernel(1.0, (1e-3, 1e2)) * scales + WhiteKernel(0.1, (1e-6, 1e1))
    model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a parameter that does not matter
        model.fit(tried, np.maximum(values, least))
    noise = model.kernel_.k2.noise_level * float(np.var(np.maximum(values, least)))
    best = tried[[model.predict(tried).argmax()]]
    mean, std = model.predict(candidates, return_std=True)
    std = np.sqrt(np.maximum(std**2 - noise, 1e-24))  # of the points, not of their trials
    above = (mean - model.predict(best)) / std
    order = np.argsort(-std * (above * norm.cdf(above) + norm.pdf(above)), kind="stable")
    chosen = np.concatenate([best, candidates[order[:n_next]]])
    mean, covariance = model.predict(chosen, return_cov=True)
    covariance = covariance - noise * np.eye(len(chosen))
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(mean, covariance, _N_DRAWS, check_valid="ignore")
    return float(np.maximum(drawn.max(axis=1) - drawn[:, 0], 0).mean())
