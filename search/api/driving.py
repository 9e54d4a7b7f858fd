"""Being the driver of a study, and the options that change what it is run with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.api.study import Folder, Study, announce, place_of
from search.running.steering import catch_up
from search.spaces.document import Override
from search.studies.driver import StudyDriver
from search.studies.lock import driving
from search.studies.storage import cut_torn_line

OPTION_KEYS = {
    "name": "study",
    "trials": "budget.trials",
    "time": "budget.time",
    "budget": "budget.time",
    "seed": "sampler.seed",
    "sampler": "sampler.name",
    "pruner": "pruner.name",
    "workers": "resources.workers",
}
"""The key of the space file that an option sets."""


def overrides_of(**options: object) -> list[Override]:
    """Turn options that are given into what they set in a space file."""
    return [
        Override(f"{OPTION_KEYS[name]}={value}", f"--{name} {value}")
        for name, value in options.items()
        if value is not None
    ]


@contextmanager
def driver_of(study: Study | str | Path, studies: Folder) -> Iterator[StudyDriver]:
    """Be the driver of a study whose last one may have ended in the middle of a line."""
    driver = StudyDriver.open(*place_of(study, studies))
    with driving(driver.folder):
        warning = cut_torn_line(driver.folder, driver.spec.storage)
        if warning:
            announce(f"warning: {warning}")
        catch_up(driver)
        yield driver
