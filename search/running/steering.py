"""What users ask of a session while it runs: taken up by its driver, answered once in effect.

`Steering` keeps what is asked for and says what follows from it; a run asks it and acts. Nothing
is asked of most sessions, and then nothing here changes what they do.
"""

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from search.errors import SearchError
from search.spaces.document import Override
from search.spaces.space_file import load_space_file
from search.spaces.spec import Spec
from search.studies import attributes
from search.studies.driver import StudyDriver
from search.studies.notes import write_note, write_tags
from search.studies.reader import StudyReader
from search.studies.requests import Answer, Inbox, Request, answer_to, write_answer
from search.text import format_duration, listing, value_text

AT_ONCE = "at once"
WORKERS = "resources.workers"
_DURATIONS = ("budget.time", "budget.trial_time")


class Steering:
    """The requests of one session.

    Args:
        study: The study, of which this process is the driver.
        say: Shows the user one line.
    """

    def __init__(self, study: StudyDriver, say: Callable[[str], None] = lambda _: None) -> None:
        self._study = study
        self._say = say
        self._inbox = Inbox(study.folder)
        self._open: list[tuple[Request, Answer]] = []
        self.paused = False
        self.stopping: set[int] = set()

    @property
    def n_wanted(self) -> float:
        """How many trials may run at the same time, as the user wants it."""
        return 0 if self.paused else self._study.spec.resources.workers or math.inf

    def look(self, running: Collection[int]) -> bool:
        """Take up what is new; true if there is something."""
        new = [request for request in self._inbox.new() if not self._is_done(request)]
        for request in new:
            answer = self._take_up(request)
            self._open.append((request, answer))
            if not self._is_in_effect(request, running):
                write_answer(self._study, request, answer)
                self._say(str(answer))
        self.settle(running, AT_ONCE)
        return bool(new)

    def settle(self, running: Collection[int], when: str) -> None:
        """Answer what is in effect by now."""
        for request, answer in [*self._open]:
            if self._is_in_effect(request, running):
                self._open.remove((request, answer))
                settled = replace(answer, effect=when)
                write_answer(self._study, request, settled)
                self._say(str(settled))

    def end(self) -> None:
        """End with the session: a pause does not outlive it."""
        for request, answer in self._open:
            if request.verb == "pause":
                write_answer(self._study, request, replace(answer, effect="as the run ended"))
        self._open.clear()
        self._mark_paused(False)

    def _is_done(self, request: Request) -> bool:
        answer = answer_to(self._study, request)
        return answer is not None and bool(answer.effect)

    def _take_up(self, request: Request) -> Answer:
        asked = request.arguments
        match request.verb:
            case "set":
                return self._set(asked["assignments"])
            case "pause" | "resume":
                self._mark_paused(request.verb == "pause")
                text = "paused" if self.paused else "resumed"
                return Answer(text, awaited="the running epochs have ended")
            case "stop":
                self.stopping |= {*asked["trials"]}
                text = f"{_trials(asked['trials'])} stopped"
                return Answer(text, awaited="the running epoch has ended")
            case "note":
                write_note(self._study, asked["trial"], asked["text"])
                return Answer(f"trial {asked['trial']} noted")
            case "tag":
                write_tags(self._study, asked["tags"])
                return Answer(f"tags: {listing(asked['tags']) or 'none'}")

    def _set(self, assignments: Sequence[str]) -> Answer:
        before = self._study.spec
        try:
            after = changed_spec(self._study, assignments)
        except SearchError as error:  # it was right when it was asked for
            return Answer(f"refused: {error}")
        self._study.change(after)
        keys = [assignment.partition("=")[0] for assignment in assignments]
        texts = [f"{_short(key)} {_setting(before, key)} → {_setting(after, key)}" for key in keys]
        return Answer(", ".join(texts), awaited="enough running epochs have ended")

    def _is_in_effect(self, request: Request, running: Collection[int]) -> bool:
        match request.verb:
            case "set":
                sets_workers = any(a.startswith(WORKERS) for a in request.arguments["assignments"])
                return not sets_workers or len(running) <= self.n_wanted
            case "pause":
                return not self.paused or not running
            case "stop":
                return not {*request.arguments["trials"]} & {*self._study.live_trials()}
        return True

    def _mark_paused(self, paused: bool) -> None:
        attrs = self._study.optuna_study.user_attrs
        if paused != bool(attrs.get(attributes.PAUSED)):
            since = time.time() if paused else None
            self._study.optuna_study.set_user_attr(attributes.PAUSED, since)
        self.paused = paused


def changed_spec(study: StudyReader, assignments: Sequence[str]) -> Spec:
    """Read the search that a study is with some keys of its space file set anew."""
    return load_space_file(study.space_file, [Override(text, text) for text in assignments])


def catch_up(study: StudyDriver) -> None:
    """Act on what was asked of a study at rest, or of a driver that was killed before it could.

    Only its driver may call it, before a session. A pause was of the session that is over.
    """
    steering = Steering(study)
    steering.look(())
    for number in steering.stopping:
        study.take_up(number)
        if number in study.live_trials():
            study.stop(number, study.trial(number).seconds or 0.0)
    steering.settle((), AT_ONCE)
    steering.end()


def _setting(spec: Spec, key: str) -> str:
    found: Any = spec
    for part in key.split("."):
        found = getattr(found, part, None)
    if found is None:
        return "as many as fit" if key == WORKERS else "none"
    return format_duration(found) if key in _DURATIONS else value_text(found)


def _short(key: str) -> str:
    return key.removeprefix("resources.").removesuffix(".name")


def _trials(numbers: Sequence[int]) -> str:
    return f"trial {numbers[0]}" if len(numbers) == 1 else f"trials {listing(numbers)}"
