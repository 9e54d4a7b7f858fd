"""Trains the best trials of a study again with new seeds: `confirm`."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from search.api.driving import driver_of, overrides_of
from search.api.sessions import Ended, audience_of, place_to_run, run_session, signals_restored
from search.api.study import Folder, Study, announce, place_of
from search.errors import SearchError, StudyError
from search.objective.loading import extend_import_path
from search.objective.probing import describe, takes_split_seed
from search.running.engines import engine_module
from search.running.session import extend_study
from search.spaces.spec import Spec
from search.studies.confirmation import (
    Plan,
    choose_candidates,
    confirmation_name,
    confirmation_spec,
    is_of,
    merged,
    read_plan,
    refuse_confirmation,
    write_plan,
)
from search.studies.driver import StudyDriver
from search.studies.folder import SPACE_FILE, study_command
from search.studies.queue import n_waiting
from search.studies.reader import StudyReader
from search.studies.repetitions import Repetitions
from search.text import counted, listing

_SAME = ("objective", "settings", "metrics", "parameters", "constraints")
"""What must not have changed between a confirmation and the study."""


@signals_restored()
def confirm(  # noqa: PLR0913  the flags of `search confirm`
    study: Study | str | Path,
    *,
    top: int = 5,
    seeds: int = 6,
    include: Sequence[int] = (),
    budget: str | None = None,
    precision: float | None = None,
    test: bool = False,
    workers: int | None = None,
    studies: Folder = None,
    engine: str = "ray",
    address: str | None = None,
    wait_for_workers: str | None = None,
    quiet: bool = False,
    plain: bool = True,
    ended: Ended = lambda _: None,
) -> Study:
    """Train the best trials again with new seeds, as `search confirm` does.

    What has been trained is not trained again: a second call goes on where the first one ended,
    with more seeds or further candidates if they are given.

    Args:
        study: A study, its name, or the path of its folder.
        top: How many of the best trials; those that cannot be told from the best one come
            besides, up to twice as many, and the default.
        seeds: With how many seeds each, at most; at least 1.
        include: Numbers of trials that come besides.
        budget: Time budget, as `10m`.
        precision: End early once those left are tied and their differences are known to within
            an interval of this width; None for no such end.
        test: Whether those that are tied in the end, and the default, are then evaluated on the
            test split.
        workers: Number of parallel trials; None leaves it as it is in the study.
        studies: The folder of all studies.
        engine: `ray`, or `inline` for one trial after another in this process.
        address: A Ray cluster to join; None for one on this machine.
        wait_for_workers: How long to wait for a node of it, as `10m`, where no trial fits on any.
        quiet: Whether to show no progress.
        plain: Whether a terminal shows a table in place, not the screen that takes all of it.
        ended: Called with the confirmation at the end, whether or not by an error.

    Returns:
        The confirmation: a study of its own, `NAME.confirm`; see `Study.confirmation`.

    Raises:
        SearchError: If there is nothing to confirm, or no seed changes anything.
    """
    place = place_to_run(engine_module(engine, workers), address, wait_for_workers)
    for name, number in (("top", top), ("seeds", seeds)):
        if number < 1:
            raise SearchError(f"--{name}: a number of at least 1 must be given, got {number}")
    if precision is not None and not 0 < precision < math.inf:
        raise SearchError(f"--precision: a width above 0 must be given, got {precision}")
    confirmed = StudyReader.open(*place_of(study, studies))
    refuse_confirmation(confirmed, "it is confirmed by more seeds of its own")
    if test:
        _require_evaluation(confirmed)
    plan = _make_plan(confirmed, top, seeds, include, precision)
    found: Study | None = None
    try:
        with _confirmation(confirmed, plan) as driver:
            found = Study(driver)
            if _has_work(driver):
                _say_plan(driver)
                options = overrides_of(budget=budget, workers=workers)
                extend_study(driver, _n_trials(driver), options)
                audience = audience_of(driver, quiet, plain)
                found = run_session(driver, place, audience)
            _require_randomness(driver)
        if test:
            _test(found)
    finally:
        if found:
            ended(found)
    return found


def _make_plan(
    study: StudyReader, top: int, seeds: int, include: Sequence[int], precision: float | None
) -> Plan:
    extend_import_path(study.import_folders)
    candidates = choose_candidates(study, top, include)
    spec = confirmation_spec(study)
    splits_anew = takes_split_seed(spec.objective)
    n_images = describe(spec.objective, spec.settings).n_split() if splits_anew else None
    splits_anew = splits_anew and n_images != 0
    return Plan(study.name, candidates, seeds, precision, splits_anew, n_images or None)


@contextmanager
def _confirmation(confirmed: StudyReader, plan: Plan) -> Iterator[StudyDriver]:
    """Be the driver of a study's confirmation, which is made if there is none yet."""
    studies = confirmed.folder.parent
    name, spec = confirmation_name(confirmed.name), confirmation_spec(confirmed)
    if not (studies / name / SPACE_FILE).exists():
        # Until the plan is there it is a study without trials, which the next call takes over.
        StudyDriver.create(_with_budget(spec, plan), studies, confirmed.import_folders)
    with driver_of(name, studies) as driver:
        known = read_plan(driver)
        if known is None and driver.trials():
            raise StudyError(f"{driver.folder}: a study of this name exists and confirms nothing")
        if known:
            _require_same(driver, spec)
            _require_that_study(driver, confirmed, known)
            plan = replace(plan, candidates=merged(known.candidates, plan.candidates))
            # Repetitions are paired by their seeds, whatever the study's has become since.
            spec = spec.model_copy(update={"sampler": driver.spec.sampler})
        write_plan(driver, plan)
        driver.change(_with_budget(spec, plan))
        yield driver


def _with_budget(spec: Spec, plan: Plan) -> Spec:
    n_trials = len(plan.candidates) * plan.n_repetitions
    return spec.model_copy(update={"budget": spec.budget.model_copy(update={"trials": n_trials})})


def _require_same(driver: StudyDriver, spec: Spec) -> None:
    """Refuse to go on with a confirmation of what has been changed since."""
    changed = [key for key in _SAME if getattr(driver.spec, key) != getattr(spec, key)]
    if changed:
        command = study_command(driver.folder, "remove")
        raise StudyError(
            f"{driver.name} confirms another version of the space: {listing(changed)} must be "
            f"the same; delete it by `{command}` to confirm the present one"
        )


def _require_that_study(driver: StudyDriver, study: StudyReader, plan: Plan) -> None:
    """Refuse to go on with a confirmation of a study that was removed since."""
    if not is_of(plan, study):
        command = study_command(driver.folder, "remove")
        raise StudyError(
            f"{driver.name} confirms another study of the name {study.name}; delete it by "
            f"`{command}` to confirm the present one"
        )


def _has_work(driver: StudyDriver) -> bool:
    """Tell whether there is a repetition to begin, or one to go on with."""
    unfinished = any(not trial.has_ended for trial in driver.trials())
    return (
        unfinished
        or n_waiting(driver) > 0
        or Repetitions(driver, _plan(driver)).next() is not None
    )


def _n_trials(driver: StudyDriver) -> str:
    """Count the trials that there are and that may follow."""
    n_missing = len(Repetitions(driver, _plan(driver)).missing())
    return str(len(driver.trials()) + n_missing)


def _plan(driver: StudyReader) -> Plan:
    plan = read_plan(driver)
    assert plan is not None
    return plan


def _say_plan(driver: StudyDriver) -> None:
    plan = _plan(driver)
    n = counted(len(plan.candidates), "candidate")
    split = " and a new split of the images" if plan.splits_anew else ""
    announce(
        f"{driver.name}: {n} of {plan.study}, up to {counted(plan.n_repetitions, 'seed')} each; "
        f"a seed is that of weights, order and augmentation{split}"
    )


def _require_randomness(driver: StudyDriver) -> None:
    if Repetitions(driver, _plan(driver)).are_equal:
        raise StudyError(
            f"{driver.name}: repetitions must differ, but those of each candidate reported the "
            f"same: no seed changes what {driver.spec.objective} reports, so more of them would "
            "tell nothing more; an argument `seed` must be used, or the seeded generators"
        )


def _require_evaluation(study: StudyReader) -> None:
    """Refuse before anything is trained what cannot be evaluated afterwards."""
    from search.best_trial.choice import complete_trials
    from search.best_trial.trained import EVALUATION, require_use

    complete = complete_trials(study, EVALUATION)
    require_use(study, next(iter(complete.values())), EVALUATION)


def _test(confirmation: Study) -> None:
    """Evaluate the networks of every seed of the candidates that are tied, and of the default."""
    from search.best_trial.evaluation import evaluate_trials

    repetitions = Repetitions(confirmation.reader, _plan(confirmation.reader))
    chosen = [trial for place in repetitions.finalists() for trial in repetitions.complete(place)]
    untested = [trial for trial in chosen if trial.test is None]
    if untested:
        evaluate_trials(confirmation.reader, untested, again=False, skip=False, say=announce)
