"""A study as it is read: its folder, its space, and its trials in Optuna's storage.

The storage is all that is known of trials, and is written by one process, the driver (see
`search.studies.driver`). Reading builds no sampler and no pruner, and changes nothing.
"""

import functools
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from search.errors import StudyError
from search.spaces.optuna_privates import find_trial
from search.spaces.space import Space
from search.spaces.space_file import read_space_file
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.answers import read_answers
from search.studies.checkpoints import Checkpoints, checkpoint_location
from search.studies.folder import SPACE_FILE, find_study_folder, space_file_name, trial_folder
from search.studies.lock import find_driver
from search.studies.ranking import Directions, ranked
from search.studies.storage import load_optuna_study, space_version, storage_file
from search.studies.test_metrics import read_evaluation
from search.studies.trials import History, Trial, has_begun, read_history, read_trial


class StudyReader:
    """One search and everything recorded of it.

    Args:
        folder: Where it is saved.
        spec: What its space file says.
        optuna_study: The study in Optuna's storage.
    """

    def __init__(self, folder: Path, spec: Spec, optuna_study: optuna.Study) -> None:
        self.folder = folder
        self.spec = spec
        self.optuna_study = optuna_study

    @classmethod
    def open(cls, name: str, studies: Path) -> Self:
        """Open a study by its name, or the path of its folder; this executes nothing of it."""
        folder = find_study_folder(name, studies)
        spec = read_space_file(folder / SPACE_FILE)
        optuna_study = load_optuna_study(folder, spec.storage, spec.study, spec.storage_patience)
        path = folder / space_file_name(space_version(optuna_study))
        return cls(
            folder, spec if path.name == SPACE_FILE else read_space_file(path), optuna_study
        )

    @functools.cached_property
    def space(self) -> Space:
        """The space of the study."""
        return Space.of(self.spec)

    @functools.cached_property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints of the study."""
        location = checkpoint_location(self.folder, self.spec)
        return Checkpoints(location, self.spec.keep, self.named_to_keep)

    @property
    def name(self) -> str:
        """The study's name: that of its folder."""
        return self.folder.name

    @property
    def version(self) -> int:
        """The version of the study's space, from 1."""
        return space_version(self.optuna_study)

    @property
    def space_file(self) -> Path:
        """The file of the present space."""
        return self.folder / space_file_name(self.version)

    def spec_of(self, version: int) -> Spec:
        """Read the space file of a version of the study's space."""
        if version == self.version:
            return self.spec
        return read_space_file(self.folder / space_file_name(version))

    @property
    def import_folders(self) -> list[str]:
        """Where the study's objective may lie."""
        return list(self.optuna_study.user_attrs.get(attributes.IMPORT_FOLDERS, []))

    @property
    def direction(self) -> StudyDirection:
        """Which direction of the (first) metric is better."""
        return self.optuna_study.directions[0]

    @property
    def directions(self) -> Directions:
        """Which direction of each metric is better, by name."""
        names = [metric.name for metric in self.spec.metrics]
        return dict(zip(names, self.optuna_study.directions, strict=True))

    def named_to_keep(self) -> list[int]:
        """Name the trials whose best epoch a user wants kept."""
        return list(self.optuna_study.user_attrs.get(attributes.KEPT, []))

    def tags(self) -> list[str]:
        """Name the words that a user put on the study."""
        return list(self.optuna_study.user_attrs.get(attributes.TAGS, []))

    def read_spec_again(self) -> None:
        """Take in what the driver has changed in the space file since this study was opened."""
        self.spec = read_space_file(self.space_file)

    def paused_since(self) -> datetime | None:
        """Tell since when a session of the study is paused; None if none is."""
        since = self.optuna_study.user_attrs.get(attributes.PAUSED)
        return datetime.fromtimestamp(since) if since and self._is_driven() else None

    def trial(self, number: int) -> Trial:
        """Read one trial that has begun."""
        (found,) = self._read([self._stored(number)])
        return found

    def trials(self) -> list[Trial]:
        """Read the trials that have begun, best first (see `search.studies.ranking.ranked`)."""
        trials = filter(has_begun, self.optuna_study.get_trials(deepcopy=False))
        return ranked(self._read(trials), self.directions)

    def history(self, number: int) -> History:
        """Read the epochs of a trial that has begun."""
        return read_history(self._stored(number), self.trial_folder(number))

    def answers(self) -> dict[int, NDArray[np.bool_]]:
        """Tell for each trial that has it which validation images it classified right.

        Returns:
            By number, for trials that completed or were pruned and whose objective gives
            `answers`: `(N,)`, at the epoch that counts. Those of two trials are of the same images
            where both ran with the same data settings.
        """
        trials = self.optuna_study.get_trials(deepcopy=False)
        found = {trial.number: read_answers(trial) for trial in trials}
        return {number: answers for number, answers in found.items() if answers is not None}

    def trial_folder(self, number: int) -> Path:
        """Name the folder of a trial; it exists once the trial has something to keep."""
        return trial_folder(self.folder, number)

    def last_change(self) -> datetime:
        """Tell in local time when the storage was last written."""
        file = storage_file(self.folder, self.spec.storage)
        times = [(file or self.folder / SPACE_FILE).stat().st_mtime]
        if file is None:
            for trial in self.optuna_study.get_trials(deepcopy=False):
                last = trial.datetime_complete or trial.datetime_start
                times += [last.timestamp()] if last else []
        return datetime.fromtimestamp(max(times))

    def _stored(self, number: int) -> FrozenTrial:
        trial = find_trial(self.optuna_study, number) if number >= 0 else None
        if trial is None:
            last = len(self.optuna_study.get_trials(deepcopy=False)) - 1
            if last < 0:
                raise StudyError(f"{self.name} has no trials yet")
            raise StudyError(f"{self.name}: a trial from 0 to {last} must be given, got {number}")
        if not has_begun(trial):
            raise StudyError(f"{self.name}: trial {number} has not begun")
        return trial

    def _read(self, trials: Iterable[FrozenTrial]) -> list[Trial]:
        attrs = self.optuna_study.user_attrs
        driven = self._is_driven()
        return [
            read_trial(
                trial,
                read_evaluation(attrs, trial.number),
                attrs.get(f"{attributes.NOTE}{trial.number}", ""),
                driven=driven,
            )
            for trial in trials
        ]

    def _is_driven(self) -> bool:
        return find_driver(self.folder) is not None
