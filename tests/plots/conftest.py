"""The studies that most plots are of."""

from pathlib import Path

import pytest

from search.studies.driver import StudyDriver
from tests.conftest import BASE
from tests.plots.studies import (
    ENDS,
    add_trials,
    new_study,
    run_trial,
)


@pytest.fixture(autouse=True)
def _metric_of_the_base_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BASE, "metric")


@pytest.fixture
def study(tmp_path: Path) -> StudyDriver:
    """Trials of all states, see `ENDS`; the pruned ones after two epochs."""
    study = new_study(tmp_path)
    for end in ENDS:
        run_trial(study, end, n_epochs=2 if end == "prune" else 4)
    return study


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> StudyDriver:
    """A thousand trials, for tests that change none of them."""
    with pytest.MonkeyPatch.context() as patch:
        if "metric" in BASE:
            patch.delitem(BASE, "metric")
        study = new_study(tmp_path_factory.mktemp("large"))
    add_trials(study, 1000)
    return study
