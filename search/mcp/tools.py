"""What an agent can do, as functions whose types and docstrings tell it how.

Nothing here is executed of a study, and of a space file only where changes are allowed; then in
a process of its own, so that an objective that was edited since is never the one of before.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from search.api.outputs import EnqueuedFacts, StoppedFacts
from search.api.spaces import check, wrong_space_facts
from search.api.studies import enqueue, show_studies, stop
from search.api.study import Study
from search.errors import SearchError, SpaceError
from search.mcp.launching import LOG_FILE, launch
from search.spaces.parameters import Scalar
from search.studies.folder import find_study_folder
from search.summaries.comparison import ComparisonFacts
from search.summaries.space import CheckFacts
from search.summaries.study import StudyFacts
from search.summaries.summary import SummaryFacts
from search.summaries.trial import WholeTrialFacts

StudyName = Annotated[str, Field(description="A study's name, as `list` gives it.")]
SpaceFile = Annotated[str, Field(description="Path of a space file (YAML).")]
Overrides = Annotated[
    Sequence[str],
    Field(description="Assignments to keys of the space file, such as budget.trials=10."),
]
Workers = Annotated[int | None, Field(description="Number of parallel trials; default: all fit.")]

Engine = Annotated[
    Literal["ray", "inline"],
    Field(description="ray for parallel trials; inline for one after another in one process."),
]


class StartedFacts(TypedDict):
    """A session that has begun: its study, its process, and the file of what it says."""

    study: str
    pid: int
    log: str


class ReadingTools:
    """The tools that change nothing and execute nothing of what they look at.

    Args:
        studies: The folder of all studies.
    """

    def __init__(self, studies: Path) -> None:
        self.studies = studies

    def list(self) -> list[StudyFacts]:
        """List the studies there are: trials by state, best value, metric, last change."""
        return show_studies(self.studies).facts

    def show(
        self,
        study: StudyName,
        trial: Annotated[int | None, Field(description="A trial; null for the study.")] = None,
    ) -> StudyFacts | WholeTrialFacts:
        """Show a study's counts and best value, or a trial with its parameters and every epoch."""
        opened = Study.open(study, self.studies)
        return opened.show().facts if trial is None else opened.show_trial(trial).facts

    def summary(
        self,
        study: StudyName,
        top: Annotated[int, Field(ge=1, description="How many of the best trials.")] = 10,
    ) -> SummaryFacts:
        """Sum a study up: best trials, how sure their lead is, what mattered, why trials ended."""
        return Study.open(study, self.studies).summary(top).facts

    def compare(
        self,
        study: StudyName,
        trial: Annotated[int | None, Field(description="Null for the best one.")] = None,
        other_trial: Annotated[int | None, Field(description="Null for the best one.")] = None,
        other_study: Annotated[str | None, Field(description="Null for the same one.")] = None,
    ) -> ComparisonFacts:
        """Compare two trials, the second less the first; `paired` says if they differ at all."""
        first = Study.open(study, self.studies)
        second = Study.open(other_study or study, self.studies)
        return first.compare(first.best if trial is None else trial, other_trial, second).facts

    def check(self, space: SpaceFile, overrides: Overrides = ()) -> CheckFacts:
        """Check a space file: every mistake with its line, or the search as it would run.

        Nothing that the file names is imported; what only its objective can tell is left out.
        """
        try:
            return check(space, overrides, ask=False).facts
        except SpaceError as error:
            return wrong_space_facts(error.mistakes)


class ChangingTools(ReadingTools):
    """Those tools, and the ones that run the user's code and change studies."""

    def check(
        self,
        space: SpaceFile,
        overrides: Overrides = (),
        try_epoch: Annotated[
            bool, Field(description="Whether to run one epoch of one point, too.")
        ] = False,
    ) -> CheckFacts:
        """Check a space file: every mistake with its line, or the search as it would run.

        Its objective is imported and asked, in a process of its own.
        """
        flags = [*_sets(overrides), *(["--try"] if try_epoch else [])]
        return cast(CheckFacts, _printed("check", *flags, "--", space))

    def run(  # noqa: PLR0913  those of `search run` that an agent needs
        self,
        space: SpaceFile,
        overrides: Overrides = (),
        name: Annotated[str | None, Field(description="Name of the study.")] = None,
        trials: Annotated[int | None, Field(description="Number of trials.")] = None,
        time: Annotated[str | None, Field(description="Time budget, such as 30m.")] = None,
        workers: Workers = None,
        engine: Engine = "ray",
    ) -> StartedFacts:
        """Start a search and return at once; it runs on by itself, also without this server.

        Follow it by `show` or `list`, end it by `stop`.
        """
        keys = {"study": name, "budget.trials": trials, "budget.time": time}
        sets = [*overrides, *(f"{key}={value}" for key, value in keys.items() if value)]
        study = check(space, sets, ask=False).spec.study
        flags = [*_sets(sets), *_how(workers, engine)]
        return self._start(self.studies / study, "run", *flags, space)

    def resume(
        self,
        study: StudyName,
        trials: Annotated[
            str | None, Field(description="Trials in all, or +20 for more than there are.")
        ] = None,
        workers: Workers = None,
        engine: Engine = "ray",
    ) -> StartedFacts:
        """Go on with a study that is not running, as `run` does: interrupted trials first."""
        more = [] if trials is None else [f"--trials={trials}"]
        folder = find_study_folder(study, self.studies)
        return self._start(folder, "resume", *more, *_how(workers, engine), folder.name)

    def enqueue(
        self,
        study: StudyName,
        point: Annotated[
            dict[str, Scalar], Field(description="Values of parameters; others are sampled.")
        ],
    ) -> EnqueuedFacts:
        """Have a point tried next; a study that is not running tries it when it is resumed."""
        return {"study": study, "trial": enqueue(study, point, studies=self.studies)}

    def stop(
        self,
        study: StudyName,
        now: Annotated[bool, Field(description="Do not wait for the running epochs.")] = False,
    ) -> StoppedFacts:
        """End a running study; nothing is lost, it can be resumed."""
        driver = stop(study, now=now, studies=self.studies)
        return {"study": study, "pid": driver.pid, "host": driver.host, "ended": now}

    def _start(self, folder: Path, verb: str, *words: str) -> StartedFacts:
        *flags, what = words
        place = ["--quiet", "--studies", str(folder.parent)]
        pid = launch(folder, [verb, *place, *flags, "--", what])
        return {"study": folder.name, "pid": pid, "log": str(folder / LOG_FILE)}


READING = ("list", "show", "summary", "compare", "check")
"""The tools there always are."""
CHANGING = ("run", "resume", "enqueue", "stop")
"""Those there are where changes are allowed."""


def _sets(overrides: Sequence[str]) -> list[str]:
    return [f"--set={assignment}" for assignment in overrides]


def _how(workers: int | None, engine: str) -> list[str]:
    n_workers = [] if workers is None else [f"--workers={workers}"]
    return [f"--engine={engine}", *n_workers]


def _printed(*words: str) -> Any:
    """Run a command and read what it prints with `--json`, also of a space file that is wrong."""
    verb, *others = words
    done = subprocess.run(
        [sys.executable, "-m", "search", verb, "--json", *others],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise SearchError(done.stderr.strip().removeprefix("error: "))
    return json.loads(done.stdout)
