"""Goes on from every state that a power cut may leave, and says what was lost."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import SearchError
from search.studies.reader import StudyReader
from tests.crashes.disk import Disk, Tree
from tests.crashes.recording import Replay, record
from tests.processes import command_in

Outcome = list[dict[str, Any]]
"""All that must be equal of a study, trial for trial."""
SPACES = {
    "toy.yaml": """\
study: toy
objective: tests.wandering:Wandering
settings: {epochs: 3}
metric: {name: score, direction: maximize}
budget: {trials: 6}
sampler: {name: tpe, seed: 3, n_startup_trials: 2}
pruner: {name: asha, min_epochs: 1, reduction_factor: 2}
resources: {gpus_per_trial: 0, workers: 1}
parameters:
  x: {type: float, low: 0, high: 1}
  kind: {type: categorical, choices: [a, b, c]}
start_from: [{x: 0.5, kind: a}]
""",
    "failing.yaml": """\
study: toy
objective: tests.toys:misbehaving
metric: {name: score, direction: maximize}
budget: {trials: 4}
sampler: {name: grid}
resources: {gpus_per_trial: 0}
parameters:
  way: {type: categorical, choices: [fine, raises, nan, memory]}
""",
    "skilled.yaml": """\
study: toy
objective: tests.confirming:Skilled
metric: {name: val_accuracy, direction: maximize}
budget: {trials: 4}
resources: {gpus_per_trial: 0}
parameters:
  skill: {type: float, low: 0.4, high: 0.9}
""",
}
SPACES["wider.yaml"] = SPACES["toy.yaml"].replace("high: 1}", "high: 2}")
_ENDED = re.compile(r"\] trial (\d+) (COMPLETE|PRUNED|FAIL)")


@dataclass(frozen=True)
class Scenario:
    """A command, and how to go on after a power cut in it.

    Args:
        before: The commands that went before it.
        command: The command.
        after: What a user does after the power cut where the study is there; else the command
            is given again.
        promise: What the command says once its effect is sure, if it says anything at once.
        study: The study that it is about.
    """

    before: Sequence[Sequence[str]]
    command: Sequence[str]
    after: Sequence[str]
    promise: str = ""
    study: str = "toy"


_INLINE = ("--engine", "inline")
_RUN = ("run", "toy.yaml", *_INLINE)
_RESUME = ("resume", "toy", *_INLINE)
_CONFIRM = ("confirm", "toy", "--top", "2", "--seeds", "2", *_INLINE)
SCENARIOS = {
    "run": Scenario((), _RUN, _RESUME),
    "resume": Scenario((_RUN,), (*_RESUME, "--trials", "+3"), (*_RESUME, "--trials", "9")),
    "enqueue": Scenario(
        (_RUN,), ("enqueue", "toy", "x=0.25", "kind=b"), (*_RESUME, "--trials", "7"), "will try it"
    ),
    "retry": Scenario((("run", "failing.yaml", *_INLINE),), ("retry", "toy", *_INLINE), _RESUME),
    "space": Scenario(
        (_RUN,),
        (*_RESUME, "--space", "wider.yaml", "--trials", "8"),
        (*_RESUME, "--trials", "8"),
        "version 2 of its space",
    ),
    "confirm": Scenario(
        (("run", "skilled.yaml", *_INLINE),), _CONFIRM, _CONFIRM, study="toy.confirm"
    ),
}
"""What is cut, by the verb that is at work."""


@dataclass(frozen=True)
class State:
    """What a disk holds after a power cut, and what had been said before."""

    tree: Tree
    said: str


def states(scenario: Scenario, folder: Path, at_most: int) -> Iterator[State]:
    """Record a command in an empty folder, and list what each of its calls may leave, once."""
    prepare(folder, scenario.before)
    replay = Replay(folder, Disk(read_tree(folder)))
    seen: set[int] = set()
    for number, call in enumerate(record(folder, *scenario.command)):
        if not replay.follow(call):
            continue
        for tree in replay.disk.survivors(at_most, seed=number):
            key = hash((replay.said, frozenset(tree.items())))
            if key not in seen:
                seen.add(key)
                yield State(tree, replay.said)
    assert replay.disk.tree() == read_tree(folder), "the replay must end as the command did"


def ends(scenario: Scenario, folder: Path) -> list[Outcome]:
    """Give what a study is in the end: had all gone well, and had the command never been given."""
    found = []
    for name, commands in (("with", [scenario.command]), ("without", [])):
        if name == "with" or scenario.before:
            (folder / name).mkdir()
            prepare(folder / name, [*scenario.before, *commands, scenario.after])
            found.append(outcome(folder / name, scenario.study))
    return found


def fault(scenario: Scenario, state: State, ends: Sequence[Outcome]) -> str | None:
    """Go on from a state; say what is wrong with what comes of it, if anything.

    Args:
        scenario: What was cut.
        state: What the power cut left.
        ends: What may come of it, see `ends`; the second only as long as nothing was promised.
    """
    with tempfile.TemporaryDirectory(prefix="search-cut-") as place:
        folder = Path(place)
        write_tree(folder, state.tree)
        lost = _lost(folder, scenario, state)
        if lost:
            return lost
        made = (folder / "studies" / "toy" / "space.yaml").exists()
        done = command_in(folder)(*(scenario.after if made else scenario.command))
        if done.returncode:
            return f"cannot be gone on with: {done.stderr[-500:]}"
        found = outcome(folder, scenario.study)
        promised = scenario.promise and scenario.promise in state.said
        if found not in (ends[:1] if promised else ends):
            return f"differs: {_difference(found, ends[0])}"
    return None


def outcome(folder: Path, study: str) -> Outcome:
    """Read all that must be equal, trial for trial; of a study that is not there, nothing."""
    if not (folder / "studies" / study / "space.yaml").exists():
        return []
    reader = StudyReader.open(study, folder / "studies")
    return [
        {
            "number": trial.number,
            "params": trial.params,
            "state": trial.state,
            "best": (trial.best_epoch, trial.value),
            "seed": trial.seed,
            "epochs": [
                {**row, "seconds": None, "pid": None} for row in reader.history(trial.number)
            ],
        }
        for trial in sorted(reader.trials(), key=lambda trial: trial.number)
    ]


def prepare(folder: Path, commands: Iterable[Sequence[str]]) -> None:
    """Write the space files into a folder and run commands there, which must succeed."""
    for name, text in SPACES.items():
        (folder / name).write_text(text)
    for command in commands:
        done = command_in(folder)(*command)
        assert done.returncode == 0, done.stderr


def read_tree(folder: Path) -> Tree:
    """Read what lies in a folder."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if "home" not in path.relative_to(folder).parts
    }


def write_tree(folder: Path, tree: Tree) -> None:
    """Write what lies in a folder that is empty."""
    for path, content in sorted(tree.items()):
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def _lost(folder: Path, scenario: Scenario, state: State) -> str | None:
    """Say which trials have been said to have ended, and are not recorded so."""
    try:
        found = outcome(folder, scenario.study)
    except SearchError as error:
        return f"cannot be opened: {error}"
    there = {str(trial["number"]): trial["state"] for trial in found}
    said = _ENDED.findall(state.said)
    lost = [f"{number} {ended}" for number, ended in said if there.get(number) != ended]
    return f"said to have ended, and not recorded so: {lost}" if lost else None


def _difference(found: Outcome, wanted: Outcome) -> str:
    if len(found) != len(wanted):
        return f"{len(found)} trials in place of {len(wanted)}"
    number = next(n for n, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b)
    return f"trial {number}: {found[number]} in place of {wanted[number]}"
