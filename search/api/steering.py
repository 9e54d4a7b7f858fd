"""What is asked of a study while another process runs it: settings, pauses, ends, notes, tags.

Each function places a request in the study's folder and waits a moment for what comes of it. Of
a study at rest this process becomes the driver for as long as it takes.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.api.driving import OPTION_KEYS, driver_of
from search.api.study import Folder, Study, place_of
from search.errors import SearchError, StudyError
from search.objective.loading import extend_import_path
from search.running.steering import changed_spec
from search.studies.confirmation import refuse_confirmation
from search.studies.folder import study_command
from search.studies.lock import find_driver
from search.studies.reader import StudyReader
from search.studies.requests import Answer, Request, Verb, answer_to, place_request
from search.text import did_you_mean, listing

WAIT_S = 5.0
"""How long an answer is waited for; what was asked for is done all the same."""
_LOOK_S = 0.1
_SHORT = {name: OPTION_KEYS[name] for name in ("workers", "trials", "time", "sampler", "pruner")}
"""Keys of the space file that also go by the name of an option."""
_SECTIONS = ("budget", "sampler", "pruner", "failures")
_FIXED = ("sampler.seed",)
"""Keys in these sections that hold for all trials of a study."""


def set_values(
    study: Study | str | Path,
    assignments: Sequence[str],
    *,
    studies: Folder = None,
    wait_s: float = WAIT_S,
) -> Answer:
    """Change how a study goes on, running or not, as `search set` does.

    Args:
        study: A study, its name, or the path of its folder.
        assignments: Such as `workers=1`, `budget.trials=60`, `budget.time=2h`, `pruner=none`.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait until it is in effect.

    Returns:
        What changes, and when it took effect.

    Raises:
        StudyError: If nothing is given to change.
    """
    reader = StudyReader.open(*place_of(study, studies))
    keyed = [_keyed(assignment) for assignment in assignments]
    if not keyed:
        raise StudyError(f"{reader.name}: an assignment must be given, as in workers=1")
    if any(key.startswith(("sampler", "pruner")) for key in keyed):
        refuse_confirmation(reader, "its space, sampler and pruner must stay")
    extend_import_path(reader.import_folders)
    changed_spec(reader, keyed)
    return _ask(reader, wait_s, "set", assignments=keyed)


def pause(study: Study | str | Path, *, studies: Folder = None, wait_s: float = WAIT_S) -> Answer:
    """Have a running study rest, as `search pause` does: its workers and GPUs become free.

    Trials rest on their checkpoints after the epoch they are in; those that keep none run to
    their end. The clock of `budget.time` stands meanwhile.

    Args:
        study: A study, its name, or the path of its folder.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait until nothing runs any more.

    Returns:
        When it took effect.
    """
    reader = StudyReader.open(*place_of(study, studies))
    _require_running(reader)
    return _ask(reader, wait_s, "pause")


def unpause(
    study: Study | str | Path, *, studies: Folder = None, wait_s: float = WAIT_S
) -> Answer:
    """Let a paused study go on, as `search resume` does where a process still drives it.

    Args:
        study: A study, its name, or the path of its folder.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait until it goes on.

    Returns:
        When it took effect.
    """
    reader = StudyReader.open(*place_of(study, studies))
    _require_running(reader)
    return _ask(reader, wait_s, "resume")


def stop_trials(
    study: Study | str | Path,
    numbers: Sequence[int],
    *,
    studies: Folder = None,
    wait_s: float = WAIT_S,
) -> Answer:
    """End single trials, as `search stop STUDY TRIAL …` does: PRUNED, by hand, with their epochs.

    A running trial ends after the epoch it is in, so it has one. One that waits ends at once;
    without an epoch it is FAIL.

    Args:
        study: A study, its name, or the path of its folder.
        numbers: Trials that have not ended.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait for their end.

    Returns:
        When it took effect.

    Raises:
        StudyError: If one of them has ended.
    """
    reader = StudyReader.open(*place_of(study, studies))
    refuse_confirmation(reader, "its trials are compared whole, it can only be stopped as a whole")
    for number in numbers:
        trial = reader.trial(number)
        if trial.has_ended:
            raise StudyError(f"{reader.name}: trial {number} has ended, it is {trial.state}")
    return _ask(reader, wait_s, "stop", trials=list(dict.fromkeys(numbers)))


def note(
    study: Study | str | Path,
    trial: int,
    text: str,
    *,
    studies: Folder = None,
    wait_s: float = WAIT_S,
) -> Answer:
    """Put a note on a trial, in place of the one it has, as `search note` does.

    Args:
        study: A study, its name, or the path of its folder.
        trial: Its number; it may have ended.
        text: The note; empty to take it away.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait until it is recorded.

    Returns:
        When it was recorded.
    """
    reader = StudyReader.open(*place_of(study, studies))
    reader.trial(trial)
    return _ask(reader, wait_s, "note", trial=trial, text=" ".join(text.split()))


def tag(
    study: Study | str | Path,
    tags: Sequence[str],
    *,
    remove: bool = False,
    studies: Folder = None,
    wait_s: float = WAIT_S,
) -> Answer:
    """Put tags on a study, or take them away, as `search tag` does.

    Args:
        study: A study, its name, or the path of its folder.
        tags: Words.
        remove: Whether to take them away.
        studies: The folder of all studies.
        wait_s: For how many seconds at most to wait until it is recorded.

    Returns:
        When it was recorded.

    Raises:
        StudyError: If one to take away is not there.
    """
    reader = StudyReader.open(*place_of(study, studies))
    there = reader.tags()
    missing = [word for word in tags if word not in there]
    if remove and missing:
        raise StudyError(
            f"{reader.name}: a tag that it has must be given, got {missing[0]!r}"
            f"{did_you_mean(missing[0], there)}; valid: {listing(there)}"
        )
    left = [word for word in there if word not in tags]
    return _ask(reader, wait_s, "tag", tags=left if remove else [*there, *missing])


def _keyed(assignment: str) -> str:
    """Write an assignment with the key that the space file has; refuse what must stay."""
    key, equals, value = (part.strip() for part in assignment.partition("="))
    key = _SHORT.get(key, key)
    if not equals or not key:
        raise SearchError(f"{assignment}: key=value must hold, as in workers=1")
    if key != "resources.workers" and (key in _FIXED or key.partition(".")[0] not in _SECTIONS):
        valid = [*_SHORT, *(f"{section}.…" for section in _SECTIONS)]
        raise SearchError(
            f"{assignment}: a key that a study can change as it goes must be given, got {key!r}"
            f"{did_you_mean(key, _SHORT)}; valid: {listing(valid)}"
        )
    return f"{key}={value}"


def _require_running(reader: StudyReader) -> None:
    if find_driver(reader.folder) is None:
        command = study_command(reader.folder, "resume")
        raise StudyError(f"{reader.name} is not running; go on with it by `{command}`")


def _ask(reader: StudyReader, wait_s: float, verb: Verb, **arguments: Any) -> Answer:
    """Place a request, and wait for its answer or, where nobody drives the study, give it."""
    request = place_request(reader.folder, verb, **arguments)
    deadline = time.monotonic() + wait_s
    while True:
        answer = answer_to(reader, request)
        if answer and answer.effect:
            return answer
        if find_driver(reader.folder) is None:
            _answer_at_rest(reader, request)
        elif time.monotonic() >= deadline:
            return answer or Answer("asked for", awaited="the run has finished its epoch")
        else:
            time.sleep(_LOOK_S)


def _answer_at_rest(reader: StudyReader, request: Request) -> None:
    if request.verb in {"pause", "resume"}:
        _require_running(reader)
    try:
        with driver_of(reader.name, reader.folder.parent):
            pass  # which catches up with what was asked for
    except StudyError:
        if find_driver(reader.folder) is None:
            raise
