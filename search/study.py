"""A study: its folder, its Optuna storage, and the asking, reporting and telling of trials.

The Optuna storage is the one record of trials, written by one process, the driver. What
lies beside it in the folder (`history.csv`, `error.txt`, `leaderboard.csv`) is for people.
"""

import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from search import record
from search.errors import SearchError, StudyError, did_you_mean
from search.history import append_epoch
from search.optuna_logs import quiet_optuna
from search.pruners import make_pruner
from search.record import Failure, Report, TrialRecord, is_better, ranked, read_record
from search.sampling import make_sampler, trial_seed
from search.space import Space
from search.space_file import read_space_file, write_space_file
from search.spec import Spec

SPACE_FILE = "space.yaml"
JOURNAL_FILE = "study.journal"
IMPORT_FOLDERS = "import_folders"
"""Attribute of the study: where its objective may lie."""
_VERSIONED = ["search", "torch", "torchvision", "optuna", "ray", "scikit-learn", "numpy"]


class Study:
    """One search and everything recorded of it.

    Args:
        folder: Where it is saved.
        spec: What its space file says.
        optuna_study: The record.
    """

    def __init__(self, folder: Path, spec: Spec, optuna_study: optuna.Study) -> None:
        self.folder = folder
        self.spec = spec
        self.space = Space.of(spec)
        self._optuna = optuna_study
        self._sampler = make_sampler(spec.sampler, self.space)
        pruner = spec.pruner
        self._optuna.sampler = self._sampler
        self._optuna.pruner = make_pruner(
            pruner.name, pruner.min_epochs, spec.epochs, pruner.options
        )
        self._live: dict[int, optuna.Trial] = {}
        self._best: dict[int, float] = {}

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
        folder = studies / spec.study
        try:
            folder.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            raise StudyError(
                f"{folder}: a new study needs a free name, this one exists; "
                f"go on with it by `search resume {spec.study}`, or start another by `--name NAME`"
            ) from None
        except OSError as error:
            raise StudyError(f"{folder}: the folder must be writable, got {error}") from None
        write_space_file(spec, folder / SPACE_FILE, _provenance())
        with quiet_optuna():
            optuna_study = optuna.create_study(
                study_name=spec.study,
                direction=spec.metric.direction,
                storage=_journal(folder),
            )
        optuna_study.set_user_attr(IMPORT_FOLDERS, list(import_folders))
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
        folder = studies / name
        if not (folder / SPACE_FILE).exists() and (Path(name) / SPACE_FILE).exists():
            folder = Path(name)
        if not (folder / SPACE_FILE).exists():
            names = study_names(studies)
            hint = did_you_mean(name, names)
            known = f"there are {', '.join(names)}" if names else "there is none"
            raise StudyError(f"{folder}: a study must exist{hint}; in {studies} {known}")
        spec = read_space_file(folder / SPACE_FILE)
        if not (folder / JOURNAL_FILE).exists():
            raise StudyError(
                f"{folder / JOURNAL_FILE}: the record of trials must exist, none found"
            )
        with quiet_optuna():
            names = [s.study_name for s in optuna.get_all_study_summaries(_journal(folder))]
            if not names:
                raise StudyError(
                    f"{folder / JOURNAL_FILE}: the record must hold a study, got none"
                )
            optuna_study = optuna.load_study(study_name=names[0], storage=_journal(folder))
        return cls(folder, spec, optuna_study)

    @property
    def name(self) -> str:
        """The study's name: that of its folder."""
        return self.folder.name

    @property
    def import_folders(self) -> list[str]:
        """Where the study's objective may lie."""
        return list(self._optuna.user_attrs.get(IMPORT_FOLDERS, []))

    @property
    def direction(self) -> StudyDirection:
        """Which way the metric is better."""
        return self._optuna.direction

    def with_spec(self, spec: Spec) -> "Study":
        """Go on with another budget, sampler or pruner.

        Args:
            spec: The same search in all other ways; it replaces the study's space file.

        Returns:
            The same study under that search.
        """
        write_space_file(spec, self.folder / SPACE_FILE, _provenance())
        return Study(self.folder, spec, self._optuna)

    def requeue_interrupted(self) -> int:
        """Take up what an earlier driver left behind; only the driver may call it.

        Trials that were running become interrupted, and every interrupted trial waits to be
        run again with the same parameters.

        Returns:
            How many trials wait.
        """
        trials = self._optuna.get_trials(deepcopy=False)
        for trial in trials:
            if trial.state is TrialState.RUNNING:
                left = Failure("interrupted", "its driver ended")
                self._fail(optuna.Trial(self._optuna, trial._trial_id), left)
        trials = self._optuna.get_trials(deepcopy=False)
        retried = {trial.user_attrs.get(record.RETRY_OF) for trial in trials}
        for trial in trials:
            failure = trial.user_attrs.get(record.FAILURE, {})
            if failure.get("kind") == "interrupted" and trial.number not in retried:
                attrs = {record.RETRY_OF: trial.number}
                self._optuna.enqueue_trial(trial.params, user_attrs=attrs)
        return sum(trial.state is TrialState.WAITING for trial in self._optuna.trials)

    def ask(self) -> TrialRecord | None:
        """Begin a trial.

        Returns:
            The trial, recorded as RUNNING, or None if every point of a listed space has
            been tried.

        Raises:
            SearchError: If no feasible point could be found.
        """
        if self._sampler.exhausted(self._optuna.get_trials(deepcopy=False)):
            return None
        trial = self._optuna.ask()
        try:
            self.space.suggest(trial)
        except SearchError as error:
            self._fail(trial, Failure("infeasible", str(error)))
            raise
        trial.set_user_attr(record.SEED, trial_seed(self.spec.sampler.seed, trial.number))
        self._live[trial.number] = trial
        return self.record(trial.number)

    def report(self, number: int, report: Report) -> bool:
        """Record one epoch of a running trial.

        Args:
            number: The trial.
            report: The epoch; holds a number for the study's metric.

        Returns:
            True if the pruner wants the trial stopped; never at its last epoch.
        """
        trial = self._live[number]
        value = report.metrics[self.spec.metric.name]
        assert value is not None
        append_epoch(self.trial_folder(number), report)
        trial.report(value, step=report.epoch)
        last = self.spec.metric.reduce == "last"
        if last or is_better(value, self._best.get(number), self.direction):
            self._best[number] = value
            trial.set_user_attr(record.BEST, {"epoch": report.epoch, "metrics": report.metrics})
        if self.spec.epochs and report.epoch >= self.spec.epochs:
            return False
        return trial.should_prune()

    def complete(self, number: int, elapsed_s: float) -> None:
        """Record that a trial ran to its end.

        Args:
            number: The trial; it has reported an epoch.
            elapsed_s: Time spent in its objective.
        """
        trial = self._end(number, elapsed_s)
        self._optuna.tell(trial, self._best.pop(number))

    def prune(self, number: int, elapsed_s: float) -> None:
        """Record that the pruner stopped a trial.

        Args:
            number: The trial.
            elapsed_s: Time spent in its objective.
        """
        trial = self._end(number, elapsed_s)
        self._optuna.tell(trial, state=TrialState.PRUNED)

    def fail(self, number: int, elapsed_s: float, failure: Failure) -> None:
        """Record that a trial failed.

        Args:
            number: The trial.
            elapsed_s: Time spent in its objective.
            failure: Why; its traceback goes to `error.txt`.
        """
        self._fail(self._end(number, elapsed_s), failure)

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
        trials = self._optuna.get_trials(deepcopy=False)
        if not 0 <= number < len(trials) or not record.has_begun(trials[number]):
            raise StudyError(
                f"{self.name}: a trial from 0 to {len(trials) - 1} must be given, got {number}"
            )
        return read_record(trials[number])

    def records(self) -> list[TrialRecord]:
        """Read all trials.

        Returns:
            The trials that have begun, best first (see `search.record.ranked`).
        """
        trials = self._optuna.get_trials(deepcopy=False)
        return ranked([read_record(t) for t in trials if record.has_begun(t)], self.direction)

    def trial_folder(self, number: int) -> Path:
        """Name the folder of a trial.

        Args:
            number: The trial.

        Returns:
            A path that exists once the trial has something to keep.
        """
        return self.folder / "trials" / f"{number:04d}"

    def last_change(self) -> datetime:
        """Tell when the record was last written.

        Returns:
            Local time.
        """
        return datetime.fromtimestamp((self.folder / JOURNAL_FILE).stat().st_mtime)

    def discard_if_empty(self) -> None:
        """Remove a study in which no trial has begun, so that its name is free again."""
        if not self.records():
            shutil.rmtree(self.folder)

    def _end(self, number: int, elapsed_s: float) -> optuna.Trial:
        trial = self._live.pop(number)
        trial.set_user_attr(record.SECONDS, round(elapsed_s, 4))
        return trial

    def _fail(self, trial: optuna.Trial, failure: Failure) -> None:
        if failure.traceback:
            folder = self.trial_folder(trial.number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "error.txt").write_text(failure.traceback, encoding="utf-8")
        trial.set_user_attr(record.FAILURE, {"kind": failure.kind, "reason": failure.reason})
        self._optuna.tell(trial, state=TrialState.FAIL)
        self._best.pop(trial.number, None)


def study_names(studies: Path) -> list[str]:
    """List the studies in a folder.

    Args:
        studies: The folder of all studies; it may be missing.

    Returns:
        Their names, sorted.
    """
    if not studies.is_dir():
        return []
    return sorted(path.parent.name for path in studies.glob(f"*/{SPACE_FILE}"))


def _journal(folder: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(folder / JOURNAL_FILE)))


def _provenance() -> list[str]:
    """Say by what command and with which versions a study was made."""
    versions = []
    for package in _VERSIONED:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return [
        f"Resolved on {datetime.now():%Y-%m-%d %H:%M:%S} by: {command}",
        f"With Python {sys.version.split()[0]}, {', '.join(versions)}",
    ]
