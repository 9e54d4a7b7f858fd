"""What commands print with `--json`, as types, and the JSON schema of each.

The types are those that the facts are made as, so that a schema cannot say anything else than
what is printed. Keys may be added in later versions; none is renamed or taken away.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from search.best_trial.model_file import ModelFacts
from search.errors import SearchError
from search.progress.events import Event as Event
from search.spaces.spec import json_schema
from search.studies.trials import History
from search.summaries.comparison import ComparisonFacts
from search.summaries.confirmation import ConfirmationFacts
from search.summaries.evaluation import EvaluationFacts
from search.summaries.ladder import LadderFacts
from search.summaries.leaderboard import LeaderboardRow
from search.summaries.space import CheckFacts
from search.summaries.study import StudyFacts
from search.summaries.summary import SummaryFacts
from search.summaries.trial import TrialFacts, WholeTrialFacts
from search.text import unknown

if TYPE_CHECKING:
    from search.best_trial.prediction import Classified


class ResultFacts(TypedDict):
    """What a session has come to; `best` is None without a complete trial.

    `confirmation` is what has been shown so far, where the study is one.
    """

    study: StudyFacts
    folder: str
    best: TrialFacts | None
    confirmation: ConfirmationFacts | None


class EnqueuedFacts(TypedDict):
    """Which trial will try the point."""

    study: str
    trial: int


class StoppedFacts(TypedDict):
    """The process that was asked to end, and whether it has (`--now`)."""

    study: str
    pid: int
    host: str
    ended: bool


class ChangedFacts(TypedDict):
    """What was asked of a study, and when it takes effect, in words."""

    study: str
    change: str


class KeptFacts(TypedDict):
    """Which complete trials have a checkpoint, best first, and which are kept by name."""

    study: str
    present: list[int]
    named: list[int]


class RemovedFacts(TypedDict):
    """What was deleted, and the confirmation that is left, if there is one."""

    study: str
    folder: str
    confirmation: str | None


class WrittenFacts(TypedDict):
    """The page, and the files of the plots, as far as they were asked for."""

    report: str
    plots: list[str]


# A field of it is a keyword of Python.
ClassFacts = TypedDict("ClassFacts", {"class": str, "probability": float})


class PredictionFacts(TypedDict):
    """The likeliest classes of an image, by a trial."""

    image: str
    trial: int
    classes: list[ClassFacts]


class Output(NamedTuple):
    """What is printed: its type, and in words."""

    type: Any
    description: str


_RESULT = Output(ResultFacts, "the study, its folder, its best trial, at the end")
_CHANGE = Output(ChangedFacts, "what was asked, and when it takes effect")

OUTPUTS: dict[str, Output] = {
    "check": Output(CheckFacts, "whether the file holds, every mistake, the resolved search"),
    "run": _RESULT,
    "resume": _RESULT,
    "retry": _RESULT,
    "watch": _RESULT,
    "confirm": Output(ConfirmationFacts, "each candidate, which are tied, which one to take"),
    "enqueue": Output(EnqueuedFacts, "the number of the trial"),
    "set": _CHANGE,
    "pause": _CHANGE,
    "stop": Output(StoppedFacts | ChangedFacts, "the process that ends, or the trials"),
    "list": Output(list[StudyFacts], "each study, its trials by state, its best value"),
    "show": Output(StudyFacts | WholeTrialFacts, "the study, or the trial with every epoch"),
    "leaderboard": Output(list[LeaderboardRow], "a row a trial, best first"),
    "summary": Output(SummaryFacts, "everything that the summary tells"),
    "compare": Output(ComparisonFacts, "both trials, every difference, whether it is one"),
    "ladder": Output(LadderFacts, "the steps, what each changed and brought"),
    "report": Output(WrittenFacts, "the files that were written"),
    "export": Output(list[LeaderboardRow] | History, "a row a trial, or an epoch"),
    "evaluate": Output(list[EvaluationFacts], "of each trial: metrics by split, by class, worst"),
    "predict": Output(list[PredictionFacts], "of each image its likeliest classes"),
    "export-model": Output(ModelFacts, "the facts that stand in the file"),
    "note": _CHANGE,
    "tag": _CHANGE,
    "keep": Output(KeptFacts, "which trials have a checkpoint"),
    "remove": Output(RemovedFacts, "what was deleted"),
}
"""What each command prints with `--json`, in the order of `search --help`."""

EVENTS = Output(Event, "one line of `--events`")


def schema(of: str | None = None) -> dict[str, Any]:
    """Describe the space file, or what a command prints, as a JSON schema (draft 2020-12).

    Args:
        of: A command, for what it prints with `--json`; `events` for a line of `--events`; None
            for the space file, as editors take it.

    Returns:
        The schema.

    Raises:
        SearchError: If the command prints no JSON, or there is none of that name.

    Example:
        >>> schema("enqueue")["required"]
        ['study', 'trial']
    """
    if of is None:
        return json_schema()
    outputs = {**OUTPUTS, "events": EVENTS}
    if of not in outputs:
        raise SearchError(unknown("output", of, outputs))
    found = TypeAdapter(outputs[of].type).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def prediction_facts(one: "Classified", trial: int, top: int) -> PredictionFacts:
    """Give the likeliest classes of an image."""
    classes: list[ClassFacts] = [
        {"class": name, "probability": share} for name, share in one.classes[:top]
    ]
    return {"image": str(one.path), "trial": trial, "classes": classes}
