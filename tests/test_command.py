"""`objective: command`: scripts as they are, what is read of them, and how they end."""

import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from search.errors import ObjectiveError
from search.objective.command import Command
from search.objective.printed import Patterns, epochs_in, number_in, read_json
from search.objective.template import Template
from search.studies.reader import StudyReader
from search.studies.trials import Trial
from tests.conftest import ROOT, RunStudy
from tests.processes import Search, command_in, start, wait_until_nothing_is_left

TOY = r"""
study: toy
objective: command
settings: {command: "python toy.py {x}", metric: {pattern: 'score (?P<score>\S+)'}}
metric: {name: score, direction: maximize}
budget: {trials: 1}
pruner: {name: none}
resources: {gpus_per_trial: 0}
parameters: {x: {type: float, low: 0, high: 1}}
"""
"""Its script is the test's."""

FAMILY = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
pathlib.Path(sys.argv[0]).with_name("pids").write_text(f"{os.getpid()} {child.pid}")
print("score 0.5")
"""
"""Starts another process; neither ends by SIGTERM."""


def trials_of(folder: Path) -> list[Trial]:
    return StudyReader.open("toy", folder / "studies").trials()


def script_at(folder: Path, text: str) -> dict[str, Any]:
    """Write a script and give the settings that run it."""
    (folder / "toy.py").write_text(text)
    return {
        "command": f"python {folder / 'toy.py'} {{x}}",
        "metric": {"pattern": r"score (?P<score>\S+)"},
    }


def printed_by(text: str, folder: Path, **metric: Any) -> Iterator[Mapping[str, Any]]:
    """Run a script alone, without a search."""
    settings = script_at(folder, text) | ({"metric": metric or None})
    return iter(Command({"x": 0.5}, trial_folder=str(folder), **settings))


@pytest.fixture
def search(tmp_path: Path) -> Search:
    (tmp_path / "toy.yaml").write_text(TOY)
    return command_in(tmp_path)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Path]:
    """Give the file where `FAMILY` says which processes it is; none may be left in the end."""
    yield tmp_path / "pids"
    wait_until_gone(tmp_path / "pids")


def wait_until_gone(file: Path) -> None:
    """Wait for the end of the two processes that a file names."""
    pids = [int(pid) for pid in file.read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 30
    while any(psutil.pid_exists(pid) for pid in pids):
        assert time.monotonic() < deadline, "a script was left running"
        time.sleep(0.05)


def test_unchanged_script_is_searched_with_the_six_lines_of_the_documents(
    search: Search, tmp_path: Path
) -> None:
    text = (ROOT / "objectives" / "README.md").read_text()
    text = text.split("<!-- command: begin -->\n```yaml\n")[1].split("```")[0]
    assert len(text.splitlines()) == 6
    (tmp_path / "script.yaml").write_text(text)
    shutil.copy(ROOT / "tests" / "unchanged.py", tmp_path / "train.py")
    few = ["--set", "settings.epochs=3", "--set", "parameters.lr.low=0.2", "-n", "1"]
    result = search("run", "script.yaml", "--engine", "inline", *few)
    assert result.returncode == 0, result.stderr
    study = StudyReader.open("script", tmp_path / "studies")
    trial = study.trial(0)
    assert trial.value
    assert trial.value > 0.85
    first, *lines = (study.trial_folder(0) / "output.txt").read_text().splitlines()
    lr, seed = trial.params["lr"], trial.seed
    assert first == f"$ python train.py --lr {lr} --epochs 3 --seed {seed}"
    accuracies = re.findall(r"Accuracy: (\d+)/360", "\n".join(lines))
    history = study.history(0)
    assert [epoch["accuracy"] for epoch in history] == [int(n) / 360 for n in accuracies]


def test_try_runs_one_epoch_of_the_script(search: Search, tmp_path: Path) -> None:
    waits = "import time\nprint('score 0.5 in 3')\ntime.sleep(300)"
    (tmp_path / "toy.py").write_text(waits)
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 0, result.stderr
    assert "command     python toy.py {x}\n" in result.stdout
    assert "metrics     score 0.5000\n" in result.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"toy.py", "toy.yaml"}


def test_check_alone_runs_nothing_and_suggests_to_try(search: Search, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text("open('ran', 'w')")
    result = search("check", "toy.yaml")
    assert not (tmp_path / "ran").exists()
    assert result.stderr.startswith("next: search check toy.yaml --try\n")


def test_try_of_a_script_that_fails_shows_its_last_lines(search: Search, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text("print('begun')\nraise RuntimeError('no such layer')")
    result = search("check", "toy.yaml", "--try")
    assert result.returncode == 2
    first, second, *rest = result.stderr.splitlines()
    assert first.startswith(
        "error: command: one epoch must run, got exit status 1: RuntimeError: no such layer, at x="
    )
    assert second.startswith("$ python toy.py 0.")
    assert rest[0] == "begun"
    assert rest[-1] == "RuntimeError: no such layer"


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        ("raise SystemExit(3)", "error", "exit status 3: it printed nothing"),
        ("print('Loss: 3')", "error", "no epoch was found in 1 line of output, by metric.pattern; "
         "the last: 'Loss: 3'"),
        ("import os\nos.kill(os.getpid(), 11)", "error", "ended by SIGSEGV: it printed nothing"),
        ("print('score 0.1')\nraise MemoryError('gone')", "out_of_memory",
         "exit status 1: MemoryError: gone"),
        ("print('score nan')", "non_finite", "epoch 1: score is nan"),
    ],
)  # fmt: skip
def test_script_that_fails_is_told_of_in_one_line(
    search: Search, tmp_path: Path, script: str, kind: str, reason: str
) -> None:
    (tmp_path / "toy.py").write_text(script)
    assert search("run", "toy.yaml", "--engine", "inline", "-q").returncode == 3
    (trial,) = trials_of(tmp_path)
    assert trial.reason == f"{kind}: {reason}"
    shown = search("show", "toy", "0").stdout
    assert "trials/0000/output.txt" in shown


def test_script_that_failed_leaves_its_last_lines_beside_its_output(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "toy.py").write_text("for n in range(50): print(n)\nraise ValueError('too fast')")
    search("run", "toy.yaml", "--engine", "inline", "-q")
    folder = tmp_path / "studies" / "toy" / "trials" / "0000"
    first, *last = (folder / "error.txt").read_text().splitlines()
    assert first.startswith("$ python toy.py 0.")
    assert len(last) == 20
    assert last[-1] == "ValueError: too fast"
    assert (folder / "output.txt").read_text().splitlines()[1:4] == ["0", "1", "2"]


def test_script_reads_its_trial_from_its_environment(search: Search, tmp_path: Path) -> None:
    script = "import os\ne = os.environ\nprint('score', e['SEARCH_PARAM_X'])\nprint(" + ", ".join(
        f"e['SEARCH_{name}']" for name in ("SEED", "TRIAL_NUMBER", "TRIAL_FOLDER")
    )
    (tmp_path / "toy.py").write_text(script + ")")
    set_ = ("--set", "settings.command=python toy.py")
    assert search("run", "toy.yaml", "--engine", "inline", "-q", *set_).returncode == 0
    (trial,) = trials_of(tmp_path)
    assert trial.value == trial.params["x"]
    folder = tmp_path / "studies" / "toy" / "trials" / "0000"
    assert f"{trial.seed} 0 {folder}\n" in (folder / "output.txt").read_text()


@pytest.mark.parametrize(
    ("set_", "message"),
    [
        ("settings.command=python toy.py {y}",
         "settings.command: unknown parameter or setting 'y'; valid: x, seed, trial_number, "
         "trial_folder"),
        ("parameters.lr={type: int, low: 1, high: 2}",
         "parameters.lr: the command must name it, as {lr}; it names x"),
        ("settings.datas=here",
         "settings.datas: unknown setting of the command 'datas'; valid: command, metric"),
        ("settings.command=pyhton toy.py {x}",
         "settings.command: a program that can be started must be named, got 'pyhton'"),
        ("settings.command=python toys.py {x}",
         "settings.command: the file toys.py must exist in"),
        ("settings.command=python toy.py {x} | tee x",
         "settings.command: one program must be named, as no shell reads it, got '|'"),
        ("settings.command=python toy.py {x:.2f}",
         "settings.command: braces must hold a name, as {learning_rate}, or be doubled, as {{, "
         "got '{x:.2f}'"),
        ("settings.command=python 'toy.py {x}",
         "settings.command: quotes must be closed, got no closing quotation"),
        ("settings.metric={pattern: '(?P<score>'}",
         "settings.metric.pattern: a regular expression must be given, got '(?P<score>': "),
        ("settings.metric={pattern: 'score'}",
         "settings.metric.pattern: a group must name a metric"),
        ("settings.metric={regex: 'x'}", "settings.metric: unknown key 'regex'; valid: pattern"),
        ("metric.name=scor", "metric.name: unknown metric of the objective 'scor'; did you mean "
         "'score'; valid: score"),
        ("objective=comand",
         "objective: package.module:name must hold, got 'comand'; did you mean 'command'"),
    ],
)  # fmt: skip
def test_mistake_is_told_at_its_place(
    search: Search, tmp_path: Path, set_: str, message: str
) -> None:
    (tmp_path / "toy.py").write_text("")
    result = search("check", "toy.yaml", "--set", set_)
    assert result.returncode == 2
    assert f": {message}" in result.stderr.replace(f"--set {set_}", "")
    assert len(result.stderr.splitlines()) == 1


def test_script_is_pruned_right_after_it_has_printed_an_epoch(
    search: Search, tmp_path: Path
) -> None:
    (tmp_path / "toy.py").write_text(
        "import sys, time\nx = sys.argv[1]\nprint('score', x)\n"
        "time.sleep(300 * (x == '0.1'))\nprint('score', x)"
    )
    set_ = ["pruner={name: asha}", "sampler={name: grid}", "budget.trials=2",
            "parameters.x={type: categorical, choices: [0.9, 0.1]}"]  # fmt: skip
    sets = [word for text in set_ for word in ("--set", text)]
    result = search("run", "toy.yaml", "--engine", "inline", *sets)
    assert result.returncode == 0, result.stderr
    assert [(trial.state, trial.n_epochs) for trial in trials_of(tmp_path)] == [
        ("COMPLETE", 2),
        ("PRUNED", 1),
    ]


def test_pruned_script_ends_with_all_that_it_has_started(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.objective.script._GRACE_S", 0.2)
    script = FAMILY + "time.sleep(300)"
    command = Command({"x": 0}, trial_folder=str(tmp_path), **script_at(tmp_path, script))
    assert next(iter(command)) == {"score": 0.5}
    assert family.exists()
    command.close()


def test_script_that_ended_takes_along_what_it_has_started(family: Path, tmp_path: Path) -> None:
    command = Command({"x": 0}, trial_folder=str(tmp_path), **script_at(tmp_path, FAMILY))
    assert list(command) == [{"score": 0.5}]


def test_script_that_is_terminated_may_say_more_than_a_pipe_holds(tmp_path: Path) -> None:
    script = """
import signal, sys, time
def end(*_):
    print("x" * 300_000 + "saved")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("score 1")
time.sleep(300)
"""
    command = Command({"x": 0}, trial_folder=str(tmp_path), **script_at(tmp_path, script))
    assert next(iter(command))
    command.close()
    assert (tmp_path / "output.txt").read_text().endswith("xsaved\n")


KILLS_ITS_WORKER = (
    FAMILY
    + """
killed = pathlib.Path(sys.argv[0]).with_name("killed")
if not killed.exists():
    killed.write_text(pathlib.Path(sys.argv[0]).with_name("pids").read_text())
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(300)
"""
)


def test_script_does_not_outlive_its_driver(family: Path, search: Search, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(KILLS_ITS_WORKER)
    driver = start(tmp_path, "run", "toy.yaml", "--engine", "inline")
    driver.communicate(timeout=120)
    assert driver.returncode == -9
    wait_until_nothing_is_left(tmp_path)
    assert family.exists()
    result = search("resume", "toy", "--engine", "inline", "-q")
    assert result.returncode == 0, result.stderr
    assert [trial.state for trial in trials_of(tmp_path)] == ["COMPLETE"]


@pytest.mark.ray
def test_script_does_not_outlive_its_worker_and_runs_again(
    run_study: RunStudy, family: Path, tmp_path: Path
) -> None:
    settings = script_at(tmp_path, KILLS_ITS_WORKER)
    study = run_study("ray", objective="command", settings=settings, budget={"trials": 1})
    assert study.trial(0).state == "COMPLETE"
    output = (study.folder / "trials" / "0000" / "output.txt").read_text()
    assert output.count("$ python ") == 2
    wait_until_gone(tmp_path / "killed")
    assert family.exists()


@pytest.mark.parametrize(
    ("script", "metrics"),
    [
        ("import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\nscore 1\\xff\\nscore 2')", [2]),
        ("for n in range(9): print(end=f'\\r{n} score {n}')\nprint()", [8]),
        ("print(end='score 1\\r\\nscore 2\\r\\n')", [1, 2]),
        ("import sys\nprint('score 1')\nprint('score 2', file=sys.stderr)\nprint('score 3')",
         [1, 2, 3]),
        ("for n in range(40_000): print('x' * 100)\nprint('score 1')", [1]),
        ("print(end='x' * 3_000_000)\nprint('score 1')", [1]),
    ],
    ids=["bytes", "progress bar", "line ends", "stderr", "many lines", "long line"],
)  # fmt: skip
def test_output_of_any_kind_is_read(tmp_path: Path, script: str, metrics: list[int]) -> None:
    found = [
        epoch["score"] for epoch in printed_by(script, tmp_path, pattern=r"score (?P<score>\d+)$")
    ]
    assert found == metrics


def gathered(lines: str, patterns: Any = None, wanted: Any = ()) -> list[dict[str, Any]]:
    read = Patterns(patterns) if patterns else read_json
    return list(epochs_in(lines.splitlines(), read, wanted))


@pytest.mark.parametrize("first", [0, 1])
def test_epochs_are_counted_by_the_script_from_anywhere(first: int) -> None:
    lines = f"epoch {first} acc=0.1\nepoch {first} acc=0.2\nepoch {first + 1} acc=0.3"
    found = gathered(lines, r"epoch (?P<epoch>\d+) acc=(?P<acc>\S+)", ["acc"])
    assert found == [{"acc": 0.1}, {"acc": 0.3}]


def test_epoch_is_given_as_soon_as_it_has_all_metrics() -> None:
    patterns = [r"Epoch (?P<epoch>\d+).*loss (?P<loss>\S+)", r"accuracy (?P<accuracy>\S+)"]
    lines = iter(["Epoch 1: loss 3", "Epoch 1: loss 2", "accuracy 0.5", "accuracy 0.6"])
    found = epochs_in(lines, Patterns(patterns), ["loss", "accuracy"])
    assert next(found) == {"loss": 2, "accuracy": 0.5}
    assert next(lines) == "accuracy 0.6"


def test_epoch_that_lacks_a_metric_is_given_when_the_next_one_begins() -> None:
    patterns = r"(?P<epoch>\d+): loss (?P<loss>\S+)( accuracy (?P<accuracy>\S+))?"
    found = gathered(
        "1: loss 3\n2: loss 2 accuracy 0.5\n3: loss 1", patterns, ["loss", "accuracy"]
    )
    assert found == [{"loss": 3}, {"loss": 2, "accuracy": 0.5}, {"loss": 1}]


def test_epochs_of_json_are_whole_with_the_searched_metrics() -> None:
    lines = """{"epoch": 0, "loss": 2, "split": "train"}
        {"epoch": 0, "val_accuracy": 0.5}
        {"epoch": 0, "late": 1}
        {broken
        {"epoch": 1, "loss": 1, "val_accuracy": null}"""
    assert gathered(lines, wanted=["val_accuracy"]) == [
        {"loss": 2, "val_accuracy": 0.5},
        {"loss": 1, "val_accuracy": None},
    ]
    assert gathered('{"val_accuracy": 0.5}\n{"val_accuracy": 0.6}', wanted=["val_accuracy"]) == [
        {"val_accuracy": 0.5},
        {"val_accuracy": 0.6},
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.98.", 0.98), ("98%", 0.98), ("980/1000", 0.98), ("1e-3,", 1e-3), ("7", 7), ("...", None),
     ("1/0", None), ("inf", float("inf"))],
)  # fmt: skip
def test_number_is_read_as_scripts_print_it(text: str, number: float | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lr": 1e-05, "m": 0.5, "flag": "--big"},
         ["a b", "--lr=1e-05", "-m", "0.5", "--big", "{}"]),
        ({"lr": "x; rm -rf $HOME 'q'", "m": True, "flag": ""},
         ["a b", "--lr=x; rm -rf $HOME 'q'", "-m", "true", "{}"]),
        ({"lr": 3, "flag": "f"}, ["a b", "--lr=3", "f", "{}"]),
        ({"lr": None, "m": 1, "flag": "f"}, ["a b", "-m", "1", "f", "{}"]),
    ],
)  # fmt: skip
def test_template_is_split_before_values_are_filled_in(
    values: dict[str, Any], words: list[str]
) -> None:
    assert Template("'a b' --lr={lr} -m {m} {flag} {{}}").fill(values) == words


def test_program_that_cannot_be_started_ends_the_run(tmp_path: Path) -> None:
    command = Command({}, command="/no/such/program", trial_folder=str(tmp_path))
    with pytest.raises(ObjectiveError, match="'/no/such/program' must be one that can be started"):
        next(iter(command))
