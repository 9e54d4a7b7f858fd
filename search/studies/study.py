"""A study: its folder, its Optuna storage, and the asking, reporting and telling of trials.

The Optuna storage is the one record of trials, written by one process, the driver. What
lies beside it in the folder (`history.csv`, `error.txt`, `leaderboard.csv`) is for people.
"""

import functools
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.errors import SearchError, StudyError
from search.spaces.pruners import Judge, make_pruner
from search.spaces.sampling import make_sampler, trial_seed
from search.spaces.space import Space
from search.spaces.space_file import read_space_file, write_space_file
from search.spaces.spec import Spec
from search.studies import record
from search.studies.checkpoints import Checkpoints
from search.studies.figures import read_figures
from search.studies.history import append_epoch, cut_history
from search.studies.informing import informing_trials
from search.studies.journal import cut_torn_line
from search.studies.live_trial import LiveTrial
from search.studies.lock import find_driver
from search.studies.ranking import Directions, ranked
from search.studies.record import Failure, Report, TrialRecord, read_record
from search.studies.record_versions import name_metrics, record_version
from search.studies.storage import (
    JOURNAL,
    create_record,
    delete_record,
    load_record,
    record_file,
)
from search.studies.study_folder import (
    ERROR_FILE,
    SPACE_FILE,
    checkpoint_location,
    find_study_folder,
    make_study_folder,
    provenance,
    require_free_place,
    space_file_name,
    trial_folder,
)

IMPORT_FOLDERS = "import_folders"
"""Attribute of the study: where its objective may lie."""
KEPT = "kept"
"""Attribute of the study: the trials whose best epoch is kept whatever becomes of their rank."""
METRIC = "metric"
"""Attribute of the study: the name of its (first) metric."""
METRICS = "metrics"
"""Attribute of a study of several metrics: the names of all."""


class Study:
    """One search and everything recorded of it.

    Args:
        folder: Where it is saved.
        spec: What its space file says.
        optuna_study: The record; public for what adds trials to it.
    """

    def __init__(self, folder: Path, spec: Spec, optuna_study: optuna.Study) -> None:
        self.folder = folder
        self.spec = spec
        self.space = Space.of(spec)
        self.optuna_study = optuna_study
        informing = functools.partial(informing_trials, optuna_study, self.space)
        self._sampler = make_sampler(spec.sampler, self.space, informing)
        pruner = spec.pruner
        self.optuna_study.sampler = self._sampler
        self.optuna_study.pruner = make_pruner(
            pruner.name, pruner.min_epochs, spec.epochs, pruner.options
        )
        self._judge = Judge(by_best=spec.metric.reduce == "best")
        self._live: dict[int, LiveTrial] = {}
        self.checkpoints = Checkpoints(
            checkpoint_location(folder, spec), spec.keep, self.named_to_keep
        )

    @classmethod
    def create(cls, spec: Spec, studies: Path, import_folders: Sequence[str] = ()) -> "Study":
        """Make a new study.

        Args:
            spec: Its search; `spec.study` names its folder.
            studies: The folder of all studies; made if it is missing.
            import_folders: Where its objective may lie, absolute.

        Returns:
            The study, without trials; the points of `start_from` wait in it.

        Raises:
            StudyError: If it exists already or cannot be written.
        """
        folder = make_study_folder(spec, studies)
        try:
            require_free_place(checkpoint_location(folder, spec))
            write_space_file(spec, folder / SPACE_FILE, provenance())
            directions = [metric.direction for metric in spec.metrics]
            optuna_study = create_record(folder, spec.storage, spec.study, directions)
        except StudyError:
            shutil.rmtree(folder)
            raise
        name_metrics(optuna_study, [metric.name for metric in spec.metrics])
        optuna_study.set_user_attr(IMPORT_FOLDERS, list(import_folders))
        optuna_study.set_user_attr(METRIC, spec.metric.name)
        if len(spec.metrics) > 1:
            optuna_study.set_user_attr(METRICS, [metric.name for metric in spec.metrics])
        study = cls(folder, spec, optuna_study)
        for point in spec.start_from:
            optuna_study.enqueue_trial(point)
        return study

    @classmethod
    def open(cls, name: str, studies: Path) -> "Study":
        """Open a study that exists.

        Args:
            name: Its name, or the path of its folder.
            studies: The folder of all studies.

        Returns:
            The study. Nothing in it is changed or executed by opening it.

        Raises:
            StudyError: If there is no such study or its record is missing.
        """
        folder = find_study_folder(name, studies)
        spec = read_space_file(folder / SPACE_FILE)
        optuna_study = load_record(folder, spec.storage, spec.study)
        path = folder / space_file_name(record_version(optuna_study))
        return cls(
            folder, spec if path.name == SPACE_FILE else read_space_file(path), optuna_study
        )

    @property
    def name(self) -> str:
        """The study's name: that of its folder."""
        return self.folder.name

    @property
    def version(self) -> int:
        """The version of the study's space, from 1."""
        return record_version(self.optuna_study)

    @property
    def space_file(self) -> Path:
        """The file of the present space."""
        return self.folder / space_file_name(self.version)

    @property
    def import_folders(self) -> list[str]:
        """Where the study's objective may lie."""
        return list(self.optuna_study.user_attrs.get(IMPORT_FOLDERS, []))

    @property
    def direction(self) -> StudyDirection:
        """Which way the (first) metric is better."""
        return self.optuna_study.directions[0]

    @property
    def directions(self) -> Directions:
        """Which way each metric is better, by name."""
        names = [metric.name for metric in self.spec.metrics]
        return dict(zip(names, self.optuna_study.directions, strict=True))

    def named_to_keep(self) -> list[int]:
        """Name the trials whose best epoch a user wants kept."""
        return list(self.optuna_study.user_attrs.get(KEPT, []))

    def keep(self, numbers: Sequence[int]) -> None:
        """Keep the best epoch of some trials, from any process.

        Args:
            numbers: Complete trials.
        """
        named = dict.fromkeys([*self.named_to_keep(), *numbers])
        self.optuna_study.set_user_attr(KEPT, list(named))

    def with_spec(self, spec: Spec) -> "Study":
        """Go on with another budget, sampler or pruner.

        Args:
            spec: The same search in all other ways; it replaces the study's space file.

        Returns:
            The same study under that search.
        """
        write_space_file(spec, self.space_file, provenance())
        return Study(self.folder, spec, self.optuna_study)

    def cut_torn_record(self) -> str | None:
        """Cut off what a power cut left of a last line; only the driver may call it.

        Returns:
            What was cut off, in words, or None if the record is whole.
        """
        file = record_file(self.folder, self.spec.storage)
        is_journal = self.spec.storage == JOURNAL
        return cut_torn_line(file) if file and is_journal else None

    def take_up_unfinished(self) -> list[TrialRecord]:
        """Take over the trials that an earlier driver left RUNNING; only the driver may call it.

        Returns:
            Those trials, in order; each is to be run on from its checkpoint, see `go_on`.
        """
        if not self.optuna_study.metric_names:  # a study of an earlier version
            name_metrics(self.optuna_study, [*self.directions])
        trials = self.optuna_study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        self.checkpoints.sweep({trial.number for trial in trials}, self._completed())
        return [self._take_up(trial) for trial in trials]

    def go_on(self, number: int) -> TrialRecord:
        """Let a worker have a trial that has begun before.

        Args:
            number: One of `live_trials`.

        Returns:
            The trial with all that is recorded of it; it is RUNNING.
        """
        self._live[number].go_on()
        return self.record(number)

    def ask(self) -> TrialRecord | None:
        """Begin a trial.

        Returns:
            The trial, recorded as RUNNING, or None if every point of a listed space has
            been tried.

        Raises:
            SearchError: If no feasible point could be found.
        """
        if self._sampler.exhausted(self.optuna_study.get_trials(deepcopy=False)):
            return None
        return self._begin(self.optuna_study.ask())

    def report(self, number: int, report: Report) -> bool:
        """Record one epoch of a running trial.

        Args:
            number: The trial.
            report: The epoch; holds a number for each of the study's metrics.

        Returns:
            True if the pruner wants the trial stopped; never at its last epoch nor while it
            is settling.
        """
        live = self._live[number]
        if report.epoch < live.n_epochs:
            return False  # an objective without a state runs again up to where it was
        if report.epoch > live.n_epochs:
            append_epoch(self.trial_folder(number), report)
        if live.report(report):
            self.checkpoints.mark_best(number)
        if report.settling or (self.spec.epochs and report.epoch >= self.spec.epochs):
            return False
        return live.should_prune(report.epoch)

    def complete(self, number: int, elapsed_s: float, stop_reason: str = "") -> None:
        """Record that a trial ran to its end.

        Args:
            number: The trial; it has reported an epoch.
            elapsed_s: Time spent in its objective.
            stop_reason: Why it ended before its last epoch, if it did.
        """
        self._live.pop(number).complete(elapsed_s, stop_reason)
        self.checkpoints.keep_best(number, self._completed())

    def prune(self, number: int, elapsed_s: float) -> None:
        """Record that the pruner stopped a trial.

        Args:
            number: The trial.
            elapsed_s: Time spent in its objective.
        """
        self._live.pop(number).prune(elapsed_s)
        self.checkpoints.drop(number)

    def fail(self, number: int, elapsed_s: float, failure: Failure) -> None:
        """Record that a trial failed.

        Args:
            number: The trial.
            elapsed_s: Time spent in its objective.
            failure: Why; its traceback goes to `error.txt`.
        """
        if failure.traceback:
            folder = self.trial_folder(number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ERROR_FILE).write_text(failure.traceback, encoding="utf-8")
        self._live.pop(number).fail(elapsed_s, failure)
        self.checkpoints.drop(number)

    def interrupt(self, number: int, elapsed_s: float, reason: str) -> None:
        """Leave a running trial to a later driver, which goes on with it.

        Args:
            number: The trial; it stays RUNNING on disk.
            elapsed_s: Time spent in its objective.
            reason: Why, in one line.
        """
        self._live.pop(number).leave(elapsed_s, Failure("interrupted", reason))

    def live_trials(self) -> list[int]:
        """Name the trials that this process has begun and not ended.

        Returns:
            Their numbers, in order.
        """
        return sorted(self._live)

    def record(self, number: int) -> TrialRecord:
        """Read one trial.

        Args:
            number: The trial.

        Returns:
            What is recorded of it.

        Raises:
            StudyError: If there is no such trial.
        """
        trials = self.optuna_study.get_trials(deepcopy=False)
        if not 0 <= number < len(trials) or not record.has_begun(trials[number]):
            raise StudyError(
                f"{self.name}: a trial from 0 to {len(trials) - 1} must be given, got {number}"
            )
        (found,) = self._read([trials[number]])
        return found

    def records(self) -> list[TrialRecord]:
        """Read all trials.

        Returns:
            The trials that have begun, best first (see `search.studies.ranking.ranked`).
        """
        trials = filter(record.has_begun, self.optuna_study.get_trials(deepcopy=False))
        return ranked(self._read(trials), self.directions)

    def trial_folder(self, number: int) -> Path:
        """Name the folder of a trial.

        Args:
            number: The trial.

        Returns:
            A path that exists once the trial has something to keep.
        """
        return trial_folder(self.folder, number)

    def last_change(self) -> datetime:
        """Tell when the record was last written.

        Returns:
            Local time.
        """
        file = record_file(self.folder, self.spec.storage)
        times = [(file or self.folder / SPACE_FILE).stat().st_mtime]
        if file is None:
            for trial in self.optuna_study.get_trials(deepcopy=False):
                last = trial.datetime_complete or trial.datetime_start
                times += [last.timestamp()] if last else []
        return datetime.fromtimestamp(max(times))

    def discard_if_empty(self) -> None:
        """Remove a study in which no trial has begun, so that its name is free again."""
        if not self.records():
            self.remove()

    def remove(self) -> None:
        """Delete everything recorded of the study; only the driver may call it."""
        delete_record(self.folder, self.spec.storage, self.spec.study)
        self.checkpoints.store.clear()
        shutil.rmtree(self.folder)

    def _read(self, trials: Iterable[FrozenTrial]) -> list[TrialRecord]:
        attrs = self.optuna_study.user_attrs
        driven = bool(self._live) or find_driver(self.folder) is not None
        return [read_record(t, read_figures(attrs, t.number), driven=driven) for t in trials]

    def _completed(self) -> list[int]:
        """List the study's own complete trials, best first."""
        trials = self.optuna_study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
        own = list(filter(record.has_begun, trials))
        if len(self.spec.metrics) > 1:
            numbers = {trial.number for trial in own}
            return [ranked.number for ranked in self.records() if ranked.number in numbers]
        sign = -1 if self.direction == StudyDirection.MAXIMIZE else 1
        own.sort(key=lambda trial: (sign * trial.values[0], trial.number))
        return [trial.number for trial in own]

    def _begin(self, trial: optuna.Trial) -> TrialRecord:
        """Complete what belongs to the start of a trial."""
        number = trial.number
        self._live[number] = LiveTrial(trial, self.spec.metrics, self._judge)
        try:
            self.space.suggest(trial)
        except SearchError as error:
            self.fail(number, 0.0, Failure("infeasible", str(error)))
            raise
        if self.version > 1:
            trial.set_user_attr(record.SPACE_VERSION, self.version)
        trial.set_user_attr(record.SEED, trial_seed(self.spec.sampler.seed, number))
        return self.record(number)

    def _take_up(self, frozen: FrozenTrial) -> TrialRecord:
        trial = optuna.Trial(self.optuna_study, frozen._trial_id)
        if record.SEED not in frozen.user_attrs:
            return self._begin(trial)
        taken = self.record(trial.number)
        live = LiveTrial(trial, self.spec.metrics, self._judge, taken)
        live.wait()
        self._live[taken.number] = live
        cut_history(self.trial_folder(taken.number), taken.n_epochs)
        return taken
