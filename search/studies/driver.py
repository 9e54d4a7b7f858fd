"""A study in the hands of its driver: the one process that asks, reports and tells its trials."""

import functools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from search.errors import SearchError, StudyError
from search.objective.loading import extend_import_path
from search.spaces.optuna_privates import take_up
from search.spaces.point_sampler import trial_seed
from search.spaces.pruners import Judge, make_pruner
from search.spaces.sampling import make_sampler
from search.spaces.space_file import space_file_text
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.checkpoints import checkpoint_location, require_free_place
from search.studies.confirmation import read_plan
from search.studies.database import shown_url, without_password
from search.studies.durable import make_folder, write_durably, write_whole
from search.studies.folder import (
    ERROR_FILE,
    SPACE_FILE,
    clear_remains,
    make_study_folder,
    provenance,
    remove_study_folder,
    require_no_link,
)
from search.studies.live_trial import LiveTrial
from search.studies.lock import driving
from search.studies.queue import informing_trials, n_waiting
from search.studies.reader import StudyReader
from search.studies.repetitions import Repetitions, repetition_seed
from search.studies.storage import (
    create_optuna_study,
    delete_optuna_study,
    name_metrics,
    open_storage,
)
from search.studies.trials import Epoch, Failure, Trial, has_begun, seconds_of_epoch

BY_HAND = "stopped by hand"


class StudyDriver(StudyReader):
    """A study that this process drives; no other one does at the same time.

    Args:
        folder: Where it is saved.
        spec: What its space file says.
        optuna_study: The study in Optuna's storage.
    """

    def __init__(self, folder: Path, spec: Spec, optuna_study: optuna.Study) -> None:
        super().__init__(folder, spec, optuna_study)
        extend_import_path(self.import_folders)  # a sampler of the user's may lie there
        self._judge = Judge(by_best=spec.metric.reduce == "best")
        self._live: dict[int, LiveTrial] = {}
        self._use(spec)

    @classmethod
    def create(cls, spec: Spec, studies: Path, import_folders: Sequence[str] = ()) -> Self:
        """Make a study without trials in a new folder; the points of `start_from` wait in it."""
        folder = make_study_folder(spec.study, studies)
        with driving(folder):
            clear_remains(folder)
            try:
                return cls(folder, spec, _recorded(spec, folder, import_folders))
            except StudyError:
                shutil.rmtree(folder)
                raise

    def change(self, spec: Spec) -> None:
        """Go on with another budget, sampler or pruner, which goes into the space file.

        Trials that run are judged by the new pruner from their next epoch on. All is as if the
        study had been opened with it: sampler and pruner know what the storage knows.
        """
        save_space(spec, self.space_file)
        self._use(spec)

    def take_up_unfinished(self) -> list[Trial]:
        """Take over the trials that an earlier driver left RUNNING, to be run on: see `go_on`."""
        if not self.optuna_study.metric_names:  # a study of an earlier version
            name_metrics(self.optuna_study, [*self.directions])
        trials = self.optuna_study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        self.checkpoints.sweep({trial.number for trial in trials}, self._completed())
        return [self._take_up(trial) for trial in trials]

    def take_up(self, number: int) -> None:
        """Take over one trial, if an earlier driver left it RUNNING."""
        frozen = self._stored(number)
        if frozen.state is TrialState.RUNNING and number not in self._live:
            self._take_up(frozen)

    def go_on(self, number: int) -> Trial:
        """Let a worker have one of `live_trials`; gives it as it is now, RUNNING."""
        self._live[number].go_on()
        return self.trial(number)

    def ask(self) -> Trial | None:
        """Begin a trial; None if there is nothing left to try, see `why_no_more`."""
        repetitions = Repetitions.of(self)
        if repetitions:
            return self._ask_for_repetition(repetitions)
        if self._sampler.exhausted(self.optuna_study.get_trials(deepcopy=False)):
            return None
        return self._begin(self.optuna_study.ask())

    def _ask_for_repetition(self, repetitions: Repetitions) -> Trial | None:
        """Begin what waits in the queue, or the next repetition of a confirmation."""
        if not n_waiting(self):
            key = repetitions.next()
            if key is None:
                return None
            candidate, repetition = key
            attrs = {attributes.CANDIDATE: candidate, attributes.REPETITION: repetition}
            point = repetitions.plan.candidates[candidate].params
            self.optuna_study.enqueue_trial(point, user_attrs=attrs)
        return self._begin(self.optuna_study.ask())

    def why_no_more(self) -> str:
        """Say why `ask` gave none."""
        repetitions = Repetitions.of(self)
        return repetitions.why_over() if repetitions else "every point of the space has been tried"

    def report(self, number: int, epoch: Epoch) -> bool:
        """Record one epoch, which has a number for each of the study's metrics.

        Args:
            number: The trial.
            epoch: The epoch.

        Returns:
            True if the pruner wants the trial stopped; never at its last epoch nor while it
            is settling.
        """
        live = self._live[number]
        counts = live.report(epoch)
        if epoch.number < live.n_epochs:
            return False  # an objective without a state runs again up to where it was
        if counts:
            self.checkpoints.mark_best(number)
        if epoch.settling or (self.spec.epochs and epoch.number >= self.spec.epochs):
            return False
        return live.should_prune(epoch.number)

    def complete(self, number: int, elapsed_s: float, stop_reason: str = "") -> None:
        """Record that a trial of at least one epoch ran to its end, or why it ended before."""
        self._live.pop(number).complete(elapsed_s, stop_reason)
        self.checkpoints.keep_best(number, self._completed())

    def prune(self, number: int, elapsed_s: float, stop_reason: str = "") -> None:
        """Record that the pruner stopped a trial, or why it was stopped else."""
        self._live.pop(number).prune(elapsed_s, stop_reason)
        self.checkpoints.drop(number)

    def stop(self, number: int, elapsed_s: float) -> None:
        """Record that a user stopped a trial: PRUNED, or FAIL where it has no epoch."""
        if self._live[number].n_epochs:
            self._live[number].go_on()  # it may have waited for a worker
            self.prune(number, elapsed_s, BY_HAND)
            return
        reason = f"{BY_HAND} before its first epoch"
        self.fail(number, elapsed_s, Failure("interrupted", reason))

    def fail(self, number: int, elapsed_s: float, failure: Failure) -> None:
        """Record that a trial failed; its traceback goes to `error.txt`."""
        if failure.traceback:
            folder = self.trial_folder(number)
            make_folder(folder)
            write_durably(folder / ERROR_FILE, failure.traceback.encode())
        self._live.pop(number).fail(elapsed_s, failure)
        self.checkpoints.drop(number)

    def interrupt(self, number: int, elapsed_s: float, reason: str) -> None:
        """Leave a trial RUNNING for a later driver, and say why in one line."""
        self._live.pop(number).leave(elapsed_s, Failure("interrupted", reason))

    def rest(self, number: int, elapsed_s: float) -> None:
        """Record that a trial waits on its checkpoint until a worker goes on with it."""
        self._live[number].rest(elapsed_s)

    def live_trials(self) -> list[int]:
        """Name the trials that this process has begun and not ended, in order."""
        return sorted(self._live)

    def discard_if_empty(self) -> None:
        """Remove a study in which no trial has begun, so that its name is free again."""
        if not self.trials():
            self.remove()

    def remove(self) -> None:
        """Delete everything recorded of the study; only the driver may call it."""
        require_no_link(self.folder)
        delete_optuna_study(self.folder, self.spec.storage, self.spec.study)
        self.checkpoints.store.clear()
        remove_study_folder(self.folder)

    def _completed(self) -> list[int]:
        """List the study's own complete trials, best first."""
        trials = self.optuna_study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
        own = list(filter(has_begun, trials))
        if len(self.spec.metrics) > 1:
            numbers = {trial.number for trial in own}
            return [ranked.number for ranked in self.trials() if ranked.number in numbers]
        sign = -1 if self.direction == StudyDirection.MAXIMIZE else 1
        own.sort(key=lambda trial: (sign * trial.values[0], trial.number))
        return [trial.number for trial in own]

    def _begin(self, trial: optuna.Trial) -> Trial:
        """Complete what belongs to the start of a trial."""
        number = trial.number
        self._live[number] = LiveTrial(trial, self.spec.metrics, self._judge)
        try:
            self.space.suggest(trial)
        except SearchError as error:
            self.fail(number, 0.0, Failure("infeasible", str(error)))
            raise
        if self.version > 1:
            trial.set_user_attr(attributes.SPACE_VERSION, self.version)
        self._set_seed(trial)
        return self.trial(number)

    def _set_seed(self, trial: optuna.Trial) -> None:
        repetition = trial.user_attrs.get(attributes.REPETITION)
        seed = trial_seed(self.spec.sampler.seed, trial.number)
        if repetition is not None:
            seed = repetition_seed(self.spec.sampler.seed, repetition)
            plan = read_plan(self)
            if plan and plan.splits_anew:
                trial.set_user_attr(attributes.SPLIT_SEED, seed)
        trial.set_user_attr(attributes.SEED, seed)

    def _take_up(self, frozen: FrozenTrial) -> Trial:
        trial = take_up(self.optuna_study, frozen)
        if attributes.SEED not in frozen.user_attrs:
            return self._begin(trial)
        taken = self.trial(trial.number)
        live = LiveTrial(trial, self.spec.metrics, self._judge, taken)
        live.wait()
        self._live[taken.number] = live
        return taken

    def _use(self, spec: Spec) -> None:
        """Sample and prune as a search says."""
        self.spec = spec
        informing = functools.partial(informing_trials, self.optuna_study, self.space)
        by_best = spec.metric.reduce == "best"
        self._sampler = make_sampler(
            spec.sampler, self.space, informing, seconds_of_epoch, by_best=by_best
        )
        pruner = spec.pruner
        self.optuna_study.sampler = self._sampler
        self.optuna_study.pruner = make_pruner(
            pruner.name, pruner.min_epochs, spec.epochs, pruner.options
        )

    def _is_driven(self) -> bool:
        return bool(self._live) or super()._is_driven()


def _recorded(spec: Spec, folder: Path, import_folders: Sequence[str]) -> optuna.Study:
    """Record a new study with the points of `start_from`; its space file is written last."""
    require_free_place(checkpoint_location(folder, spec))
    directions = [metric.direction for metric in spec.metrics]
    storage = open_storage(folder, spec.storage, spec.storage_patience)
    optuna_study = create_optuna_study(storage, spec.study, directions, shown_url(spec.storage))
    name_metrics(optuna_study, [metric.name for metric in spec.metrics])
    optuna_study.set_user_attr(attributes.IMPORT_FOLDERS, list(import_folders))
    optuna_study.set_user_attr(attributes.METRIC, spec.metric.name)
    if len(spec.metrics) > 1:
        names = [metric.name for metric in spec.metrics]
        optuna_study.set_user_attr(attributes.METRIC_NAMES, names)
    for point in spec.start_from:
        optuna_study.enqueue_trial(point)
    save_space(spec, folder / SPACE_FILE)
    return optuna_study


def save_space(spec: Spec, path: Path) -> None:
    """Write a study's space file, in which no password is kept."""
    plain = spec.model_copy(update={"storage": without_password(spec.storage)})
    header = [without_password(line) for line in provenance()]
    write_whole(path, space_file_text(plain, header).encode())
