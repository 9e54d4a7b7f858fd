"""Every mistake within a section of a space file, with its whole message."""

from pathlib import Path

import pytest

from search.errors import SpaceError
from search.spaces.space_file import load_space_file
from tests.space_texts import BASE, enter_folder, write_space

TOP_LEVEL = (
    "study, objective, settings, metric, metrics, budget, sampler, pruner, resources, failures, "
    "parameters, constraints, storage, storage_patience, storage_path, keep, trackers, start_from"
)
STUDY_NAME = (
    "1:8: study: a study's name must be up to 100 letters, digits, '.', '_' and '-', not start "
    "with '.' or '-' and not contain '..', got "
)
DURATION = "; valid: seconds, or a text such as 90s, 30m, 1h30m, 2d"

# What is wrong: (part of the base text, its replacement, the message without the file's name).
MISTAKES = {
    "no yaml": (
        "[3, 5]",
        "[3, 5",
        "12:45: not YAML: while parsing a flow sequence, expected ',' or ']', but got '}'",
    ),
    "tab as indent": (
        "  kernel:",
        "\tkernel:",
        "12:1: tabs are not allowed here; indent with spaces",
    ),
    "undefined alias": (
        "study: toy",
        "study: *name",
        "1:8: not YAML: found undefined alias 'name'",
    ),
    "alias within itself": (
        "{epochs: 9}",
        "{epochs: 9, a: &a [*a]}",
        "3:26: settings.a[0]: an alias must not contain itself",
    ),
    "python tag": (
        "epochs: 9",
        "epochs: !!python/name:os.system ''",
        "3:20: settings.epochs: plain values only, got the tag "
        "tag:yaml.org,2002:python/name:os.system",
    ),
    "unknown top-level key": (
        "resources:",
        "resorces:",
        f"8:1: resorces: unknown key; did you mean 'resources'; valid: {TOP_LEVEL}",
    ),
    "unknown top-level key like no other": (
        "resources:",
        "zzz:",
        f"8:1: zzz: unknown key; valid: {TOP_LEVEL}",
    ),
    "unknown nested key": (
        "trials: 4",
        "trails: 4",
        "5:10: budget.trails: unknown key; did you mean 'trials'; valid: trials, time, "
        "trial_time, until",
    ),
    "unknown key of a parameter": (
        "step: 2",
        "steps: 2",
        "11:40: parameters.width.steps: unknown key; did you mean 'step'; "
        "valid: when, default, type, low, high, log, step",
    ),
    "missing top-level key": (
        "metric: {name: score, direction: maximize}\n",
        "",
        "1:1: exactly one of the keys 'metric' and 'metrics' must be given, got none",
    ),
    "both metric and metrics": (
        "metric: {name: score, direction: maximize}\n",
        "metric: {name: score, direction: maximize}\n"
        "metrics: [{name: loss, direction: minimize}]\n",
        "5:1: metrics: exactly one of the keys 'metric' and 'metrics' must be given, got both",
    ),
    "no metric in the list": (
        "metric: {name: score, direction: maximize}",
        "metrics: []",
        "4:1: metrics: at least one metric must be given",
    ),
    "a metric that is no list": (
        "metric: {name: score, direction: maximize}",
        "metrics: {name: score, direction: maximize}",
        "4:10: metrics: a list must be given, got {'name': 'score', 'direction': 'maximize'}",
    ),
    "unknown key of one of several metrics": (
        "metric: {name: score, direction: maximize}",
        "metrics: [{name: score, directoin: maximize}]",
        "4:25: metrics[0].directoin: unknown key; did you mean 'direction'; "
        "valid: name, direction, reduce",
    ),
    "misspelt key of several metrics": (
        "metric: {name: score, direction: maximize}",
        "metrisc: [{name: score, direction: maximize}]",
        f"4:1: metrisc: unknown key; did you mean 'metric'; valid: {TOP_LEVEL}",
    ),
    "missing nested key": (
        ", direction: maximize",
        "",
        "4:1: metric: the key 'direction' must be given",
    ),
    "missing key of a parameter": (
        "low: 1, high: 9",
        "high: 9",
        "11:3: parameters.width: the key 'low' must be given",
    ),
    "missing type of a parameter": (
        "{type: int, low: 1, high: 9,",
        "{low: 1, high: 9,",
        "11:3: parameters.width: the key 'type' must be given; valid: float, int, categorical",
    ),
    "unknown type of a parameter": (
        "type: int, low: 1, high: 9",
        "type: integer, low: 1, high: 9",
        "11:18: parameters.width.type: float, int or categorical must be given, got 'integer'; "
        "did you mean 'int'",
    ),
    "word for a number": (
        "low: 1e-4",
        "low: small",
        "10:30: parameters.rate.low: a number must be given, got 'small'",
    ),
    "infinite number": (
        "high: 1e-1",
        "high: .inf",
        "10:42: parameters.rate.high: a finite number must be given, got inf",
    ),
    "infinite step": (
        "log: true",
        "step: .inf",
        "10:54: parameters.rate.step: a finite number must be given, got inf",
    ),
    "step that is no number": (
        "log: true",
        "step: .nan",
        "10:54: parameters.rate.step: a finite number must be given, got nan",
    ),
    "infinitely many cpus": (
        "cpus_per_trial: 1",
        "cpus_per_trial: .inf",
        "8:29: resources.cpus_per_trial: a finite number must be given, got inf",
    ),
    "fraction for a whole number": (
        "trials: 4",
        "trials: 4.5",
        "5:18: budget.trials: a whole number must be given, got 4.5",
    ),
    "truth value for a whole number": (
        "trials: 4",
        "trials: true",
        "5:18: budget.trials: a whole number must be given, got true",
    ),
    "word for a truth value": (
        "log: true",
        "log: yes",
        "10:53: parameters.rate.log: true or false must be given, got 'yes'",
    ),
    "number for a string": ("study: toy", "study: 3", "1:8: study: a string must be given, got 3"),
    "string for a mapping": (
        "{name: asha, min_epochs: 2}",
        "asha",
        "7:9: pruner: a mapping of keys must be given, got 'asha'",
    ),
    "string for a list": (
        "constraints:\n  - width >= kernel",
        "constraints: width >= kernel",
        "15:14: constraints: a list must be given, got 'width >= kernel'",
    ),
    "list as a choice": (
        "[3, 5]",
        "[3, [5]]",
        "12:44: parameters.kernel.choices[1]: a string, a number, true, false or null must be "
        "given, got [5]",
    ),
    "unknown direction": (
        "maximize",
        "maximise",
        "4:34: metric.direction: 'maximize' or 'minimize' must be given, got 'maximise'; "
        "did you mean 'maximize'",
    ),
    "two parameters of one name": (
        "  kernel: {",
        "  width:  {type: int, low: 1, high: 5}\n  kernel: {",
        "12:3: parameters.width: defined twice, first on line 11",
    ),
    "no parameters": (
        BASE[BASE.index("parameters:") :],
        "parameters: {}",
        "9:1: parameters: at least one parameter must be given",
    ),
    "study name with a slash": ("study: toy", "study: a/b", f"{STUDY_NAME}'a/b'"),
    "study name of two dots": ("study: toy", "study: ..", f"{STUDY_NAME}'..'"),
    "study name with two dots": ("study: toy", "study: a..b", f"{STUDY_NAME}'a..b'"),
    "study name with a leading dot": ("study: toy", "study: .toy", f"{STUDY_NAME}'.toy'"),
    "study name too long": ("study: toy", f"study: {'a' * 101}", f"{STUDY_NAME}'{'a' * 101}'"),
    "duration nonsense": (
        "time: 10m",
        "time: soon",
        f"5:27: budget.time: a length of time above 0 must be given, got 'soon'{DURATION}",
    ),
    "duration of nothing": (
        "time: 10m",
        "time: 0s",
        f"5:27: budget.time: a length of time above 0 must be given, got '0s'{DURATION}",
    ),
    "no trials": (
        "trials: 4",
        "trials: 0",
        "5:18: budget.trials: a value above 0 must be given, got 0",
    ),
    "step of 0": (
        "step: 2",
        "step: 0",
        "11:46: parameters.width.step: a value above 0 must be given, got 0",
    ),
    "negative seed": (
        "seed: 1",
        "seed: -1",
        "6:28: sampler.seed: a value of at least 0 must be given, got -1",
    ),
    "nonsense for gpus": (
        "cpus_per_trial: 1",
        "gpus_per_trial: all",
        "8:29: resources.gpus_per_trial: 'auto' or a number of at least 0 must be given, "
        "got 'all'",
    ),
}

# (key=value of --set, the whole message)
BAD_OVERRIDES = {
    "no value": (
        "budget.trials",
        "--set budget.trials: key=value must hold, as in --set budget.trials=10",
    ),
    "no key": ("=3", "--set =3: key=value must hold, as in --set budget.trials=10"),
    "no yaml": (
        "budget.trials=[1",
        "--set budget.trials=[1: not YAML: while parsing a flow sequence, expected ',' or ']', "
        "but got '<stream end>'",
    ),
    "wrong type": (
        "budget.trials=ten",
        "--set budget.trials=ten: budget.trials: a whole number must be given, got 'ten'",
    ),
    "unknown key": (
        "budget.trails=10",
        "--set budget.trails=10: budget.trails: unknown key; did you mean 'trials'; "
        "valid: trials, time, trial_time, until",
    ),
    "unknown key of a parameter": (
        "parameters.width.hihg=3",
        "--set parameters.width.hihg=3: parameters.width.hihg: unknown key; did you mean 'high'; "
        "valid: when, default, type, low, high, log, step",
    ),
    "unknown section": (
        "buget.trials=10",
        f"--set buget.trials=10: buget: unknown key; did you mean 'budget'; valid: {TOP_LEVEL}",
    ),
    "out of bounds with the file": (
        "parameters.width.high=0",
        "--set parameters.width.high=0: parameters.width: low <= high must hold, "
        "got low=1, high=0",
    ),
    "unknown sampler": (
        "sampler={name: tep}",
        "--set sampler={name: tep}: sampler.name: unknown sampler 'tep'; did you mean 'tpe'; "
        "valid: forest, tpe, gp, cmaes, nsgaii, random, qmc, grid, "
        "brute_force",
    ),
    "what others call a sampler": (
        "sampler.name=BayesOpt",
        "--set sampler.name=BayesOpt: sampler.name: unknown sampler 'BayesOpt'; did you mean "
        "'tpe' or 'gp'; valid: forest, tpe, gp, cmaes, nsgaii, random, qmc, grid, "
        "brute_force",
    ),
    "no constraint": (
        "constraints=[width >]",
        "--set constraints=[width >]: constraints[0]: not an expression: invalid syntax, "
        "got 'width >'",
    ),
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_folder(tmp_path, monkeypatch)


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(SpaceError) as caught:
        load_space_file(path, overrides)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES)
def test_load_one_mistake_gives_the_whole_message(old: str, new: str, message: str) -> None:
    assert problems(write_space((old, new))) == [f"space.yaml:{message}"]


@pytest.mark.parametrize(("override", "message"), BAD_OVERRIDES.values(), ids=BAD_OVERRIDES)
def test_load_bad_override_gives_the_whole_message(override: str, message: str) -> None:
    assert problems(write_space(), override) == [message]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "null\n"])
def test_load_file_without_content_gives_the_whole_message(text: str) -> None:
    assert problems(write_space(base=text)) == [
        "space.yaml:1:1: the top level must be a mapping of keys, got nothing"
    ]


def test_load_file_that_does_not_exist_gives_the_whole_message() -> None:
    assert problems(Path("nowhere.yaml")) == ["nowhere.yaml: a space file must exist, none found"]


def test_load_file_that_is_not_text_gives_its_name() -> None:
    Path("space.yaml").write_bytes(b"\xff\xfe\x00")
    (problem,) = problems(Path("space.yaml"))
    assert problem.startswith("space.yaml: a space file must be readable text, got ")


@pytest.mark.parametrize("character", ["\x00", "\x07"])
def test_load_control_character_gives_its_place(character: str) -> None:
    (problem,) = problems(write_space(("study: toy", f"study: to{character}y")))
    assert problem.startswith("space.yaml:1:10: not YAML: ")


def test_load_misspelt_required_key_is_reported_once() -> None:
    assert problems(write_space(("budget:", "buget:"))) == [
        f"space.yaml:5:1: buget: unknown key; did you mean 'budget'; valid: {TOP_LEVEL}"
    ]


def test_load_misspelt_required_key_of_a_parameter_is_reported_once() -> None:
    assert problems(write_space(("high: 9", "hihg: 9"))) == [
        "space.yaml:11:31: parameters.width.hihg: unknown key; did you mean 'high'; "
        "valid: when, default, type, low, high, log, step"
    ]


def test_load_section_without_content_is_placed_on_its_own_line() -> None:
    (problem,) = problems(write_space(("budget: {trials: 4, time: 10m}", "budget:")))
    assert problem.startswith("space.yaml:5:")


def test_load_python_tag_for_a_string_is_reported_once() -> None:
    assert problems(write_space(("study: toy", "study: !!python/name:os.system"))) == [
        "space.yaml:1:8: study: plain values only, got the tag "
        "tag:yaml.org,2002:python/name:os.system"
    ]


def test_load_override_with_a_key_twice_is_a_mistake() -> None:
    override = "budget={trials: 1, trials: 2}"
    (problem,) = problems(write_space(), override)
    assert problem.startswith(f"--set {override}: budget.trials: defined twice")


def test_load_override_undone_by_a_later_one_is_not_blamed() -> None:
    assert problems(write_space(), "budget.trials=5", "budget={trials: -1}") == [
        "--set budget={trials: -1}: budget.trials: a value above 0 must be given, got -1"
    ]
