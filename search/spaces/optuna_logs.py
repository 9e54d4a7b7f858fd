"""Keeps Optuna's announcements out of the user's sight."""

from collections.abc import Iterator
from contextlib import contextmanager

from optuna import logging


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keep Optuna from announcing studies; warnings still pass."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
