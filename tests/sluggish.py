"""An objective whose module takes longer to import than a trial of it."""

import os
import time
from collections.abc import Iterator
from typing import Any

time.sleep(1)


def quick(params: dict[str, Any]) -> Iterator[Any]:
    """Takes no time."""
    yield {"score": params["x"]}


def dying(params: dict[str, Any]) -> Iterator[Any]:
    """Ends its worker in its first epoch."""
    os._exit(1)
    yield params
