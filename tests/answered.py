"""Studies whose trials say which validation images they classified right, made at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from search.studies import attributes
from search.studies.answers import pack_answers
from search.studies.driver import StudyDriver
from search.studies.trials import Epoch, epoch_entry
from tests.conftest import make_spec

Answers = NDArray[np.bool_]
ACCURACY = {"name": "val_accuracy", "direction": "maximize"}


def right(n_right: int, n_images: int, wrong_from: int = 0) -> Answers:
    """Answer all images right but some, which follow each other from a place on."""
    answers = np.ones(n_images, dtype=np.bool_)
    answers[wrong_from : wrong_from + n_images - n_right] = False
    assert answers.sum() == n_right
    return answers


def new_study(studies: Path, **sections: Any) -> StudyDriver:
    """Make a study of one parameter without trials."""
    parameters = {"rate": {"type": "float", "low": 0.0, "high": 1.0}}
    metric = {} if "metrics" in sections else {"metric": ACCURACY}
    return StudyDriver.create(
        make_spec(**{**metric, "parameters": parameters, **sections}), studies
    )


def add(
    study: StudyDriver, answers: Answers | None, value: float | None = None, **metrics: Any
) -> int:
    """Add a complete trial of one epoch; its value is the mean of its answers if none is given.

    Beside metrics, such as `n_parameters`, may be given `seconds`, `split_seed` and `is_pruned`.
    """
    seconds = metrics.pop("seconds", 4.0)
    split_seed = metrics.pop("split_seed", None)
    state = TrialState.PRUNED if metrics.pop("is_pruned", False) else TrialState.COMPLETE
    if value is None:
        assert answers is not None
        value = float(answers.mean())
    reported = {next(iter(study.directions)): value, **metrics}
    stored = {} if answers is None else {attributes.ANSWERS: pack_answers(answers)}
    number = len(study.optuna_study.get_trials(deepcopy=False))
    study.optuna_study.add_trial(
        create_trial(
            state=state,
            values=[reported[name] for name in study.directions]
            if state is TrialState.COMPLETE
            else None,
            params={"rate": 0.5},
            distributions={"rate": FloatDistribution(0.0, 1.0)},
            intermediate_values={1: value},
            user_attrs={
                attributes.SEED: number,
                attributes.SECONDS: seconds,
                attributes.SPACE_VERSION: study.version,
                attributes.SPLIT_SEED: split_seed,
            },
            system_attrs={
                **dict([epoch_entry(Epoch(1, reported, seconds, seconds), counts=True)]),
                **stored,
            },
        )
    )
    return number


def make_answered(studies: Path, rows: Sequence[Answers], **sections: Any) -> StudyDriver:
    """Make a study of a trial for each row, each with fewer weights and seconds than the last."""
    study = new_study(studies, **sections)
    for place, answers in enumerate(rows):
        add(study, answers, n_parameters=90_000 - 1_000 * place, seconds=9.0 - 0.5 * place)
    return study
