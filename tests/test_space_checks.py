"""Every mistake within or between the sections of a space file, with its whole message."""

from pathlib import Path

import pytest

from search.errors import SpaceError
from search.spaces.space_file import load_space_file
from tests.space_texts import BASE, enter_folder, write_space

NAMES = "rate, width, kernel, tuned, depth"
START = "{rate: 1e-3, width: 5, kernel: 3, tuned: top, depth: 2}"
SAMPLERS = "forest, tpe, gp, cmaes, nsgaii, random, qmc, grid, brute_force"
ASHA = "name, min_epochs, reduction_factor, min_early_stopping_rate, bootstrap_count"
NO_EXPRESSION = "16:5: constraints[0]: not an expression: "
OUTSIDE = "a value in the space must be given, got "

# What is wrong: (part of the base text, its replacement, the message without the file's name).
MISTAKES = {
    "a metric twice": (
        "metric: {name: score, direction: maximize}",
        "metrics: [{name: score, direction: maximize}, {name: score, direction: minimize}]",
        "4:54: metrics[1].name: names must differ, got 'score' twice",
    ),
    "another epoch for a further metric": (
        "metric: {name: score, direction: maximize}",
        "metrics: [{name: score, direction: maximize}, "
        "{name: loss, direction: minimize, reduce: last}]",
        "4:89: metrics[1].reduce: reduce must be that of the first metric, which decides for all "
        "which epoch of a trial counts, got last, score has best",
    ),
    "sampler of one metric with several": (
        "metric: {name: score, direction: maximize}\n"
        "budget: {trials: 4, time: 10m}\nsampler: {name: tpe,",
        "metrics: [{name: score, direction: maximize}, {name: loss, direction: minimize}]\n"
        "budget: {trials: 4, time: 10m}\nsampler: {name: cmaes,",
        "6:17: sampler.name: cmaes can optimise one metric only; valid for several: tpe, gp, "
        "nsgaii, random, qmc, grid, brute_force",
    ),
    "low above high": (
        "low: 1, high: 9, step: 2",
        "low: 9, high: 1, step: 3",
        "11:11: parameters.width: low <= high must hold, got low=9, high=1",
    ),
    "log from 0": (
        "low: 1e-4",
        "low: 0",
        "10:11: parameters.rate: low > 0 must hold for log: true, got low=0.0",
    ),
    "log from below 0": (
        "low: 1e-4",
        "low: -1.5",
        "10:11: parameters.rate: low > 0 must hold for log: true, got low=-1.5",
    ),
    "log with a step": (
        "log: true",
        "log: true, step: 0.1",
        "10:11: parameters.rate: log: true and a step exclude each other, got step=0.1",
    ),
    "step that does not fit": (
        "step: 2",
        "step: 3",
        "11:11: parameters.width: step must divide high - low, got low=1, high=9, step=3",
    ),
    "no choices": (
        "[3, 5]",
        "[]",
        "12:11: parameters.kernel: choices must hold at least one value, got []",
    ),
    "a choice twice": (
        "[3, 5]",
        "[3, 5, 3]",
        "12:11: parameters.kernel: choices must differ, got 3 twice",
    ),
    "when of an unknown parameter": (
        "when: {tuned:",
        "when: {tune:",
        "14:47: parameters.depth.when.tune: unknown parameter 'tune'; did you mean 'tuned'; "
        f"valid: {NAMES}",
    ),
    "when of an impossible value": (
        "[all, top]}}",
        "[top, tip]}}",
        "14:54: parameters.depth.when.tuned: tuned can never be 'tip'; "
        "valid: 'none', 'all', 'top'",
    ),
    "when of no value": (
        "[all, top]}}",
        "[]}}",
        "14:54: parameters.depth.when.tuned: at least one value must be given, got []",
    ),
    "when of itself": (
        "{tuned: [all, top]}",
        "{depth: 2}",
        "14:46: parameters.depth.when: conditions must not form a circle, got depth → depth",
    ),
    "when in a circle": (
        "choices: [none, all, top]",
        "choices: [none, all, top], when: {depth: 2}",
        "13:64: parameters.tuned.when: conditions must not form a circle, "
        "got tuned → depth → tuned",
    ),
    "constraint with a syntax error": (
        "width >= kernel",
        "width >=> kernel",
        f"{NO_EXPRESSION}invalid syntax, got 'width >=> kernel'",
    ),
    "constraint with an open bracket": (
        "width >= kernel",
        "(width >= kernel",
        f"{NO_EXPRESSION}'(' was never closed, got '(width >= kernel'",
    ),
    "constraint without content": (
        "width >= kernel",
        "''",
        f"{NO_EXPRESSION}invalid syntax, got ''",
    ),
    "constraint with an unknown name": (
        "width >= kernel",
        "widht >= kernel",
        f"16:5: constraints[0]: unknown parameter 'widht'; did you mean 'width'; valid: {NAMES}",
    ),
    "constraint with an unknown function": (
        "width >= kernel",
        "__import__('os')",
        "16:5: constraints[0]: unknown function '__import__'; valid: abs, max, min, "
        "got \"__import__('os')\"",
    ),
    "constraint with a forbidden construct": (
        "width >= kernel",
        "width.real >= kernel",
        "16:5: constraints[0]: 'width.real' is not allowed in a constraint, "
        "got 'width.real >= kernel'",
    ),
    "starting point outside the range": (
        "width: 5, kernel",
        "width: 11, kernel",
        f"18:25: start_from[0].width: {OUTSIDE}11; valid: int from 1 to 9 in steps of 2",
    ),
    "starting point between the steps": (
        "width: 5, kernel",
        "width: 4, kernel",
        f"18:25: start_from[0].width: {OUTSIDE}4; valid: int from 1 to 9 in steps of 2",
    ),
    "starting point outside a float": (
        "rate: 1e-3",
        "rate: 1",
        f"18:12: start_from[0].rate: {OUTSIDE}1; valid: float from 0.0001 to 0.1",
    ),
    "starting point outside the choices": (
        "tuned: top, depth",
        "tuned: tip, depth",
        f"18:46: start_from[0].tuned: {OUTSIDE}'tip'; valid: 'none', 'all', 'top'",
    ),
    "starting point with an unknown name": (
        "width: 5, kernel",
        "widht: 5, kernel",
        "18:18: start_from[0].widht: unknown parameter 'widht'; did you mean 'width'; "
        f"valid: {NAMES}",
    ),
    "starting point against a condition": (
        "tuned: top, depth",
        "tuned: none, depth",
        "18:52: start_from[0].depth: must be left out, as its 'when' does not hold here",
    ),
    "starting point against a constraint": (
        "width: 5, kernel: 3",
        "width: 3, kernel: 5",
        "18:5: start_from[0]: the constraint 'width >= kernel' must hold, got kernel=5, width=3",
    ),
    "unknown sampler": (
        "name: tpe",
        "name: tep",
        f"6:17: sampler.name: unknown sampler 'tep'; did you mean 'tpe'; valid: {SAMPLERS}",
    ),
    "unknown option of a sampler": (
        "{name: tpe, seed: 1}",
        "{name: random, warmup: 3}",
        "6:25: sampler.warmup: unknown option of the sampler random; valid: name, seed",
    ),
    "option of a sampler of the wrong type": (
        "seed: 1",
        "n_startup_trials: five",
        "6:40: sampler.n_startup_trials: a whole number must be given, got 'five'",
    ),
    "useless option of a sampler": (
        "{name: tpe, seed: 1}",
        "{name: qmc, qmc_type: foo}",
        "6:1: sampler: the `qmc_type='foo'` is invalid. Choose either `halton` or `sobol`",
    ),
    "grid on a continuous space": (
        "name: tpe",
        "name: grid",
        "6:17: sampler.name: grid needs a finite space; give each of these a step, "
        "or its points under sampler.values: rate",
    ),
    "brute force on a continuous space": (
        "name: tpe",
        "name: brute_force",
        "6:17: sampler.name: brute_force needs a finite space; give each of these a step: rate",
    ),
    "grid at a value outside the space": (
        "name: tpe, seed: 1",
        "name: grid, values: {rate: [1e-3, 1]}",
        "6:38: sampler.values.rate: rate can never be 1; valid: float from 0.0001 to 0.1",
    ),
    "unknown pruner": (
        "name: asha",
        "name: aska",
        "7:16: pruner.name: unknown pruner 'aska'; did you mean 'asha'; "
        "valid: asha, hyperband, median, percentile, none",
    ),
    "unknown option of a pruner": (
        "min_epochs: 2",
        "min_epochs: 2, reduction: 3",
        "7:37: pruner.reduction: unknown option of the pruner asha; "
        f"did you mean 'reduction_factor'; valid: {ASHA}",
    ),
    "misspelt min_epochs": (
        "min_epochs",
        "min_epoch",
        "7:22: pruner.min_epoch: unknown option of the pruner asha; "
        f"did you mean 'min_epochs'; valid: {ASHA}",
    ),
    "useless option of a pruner": (
        "min_epochs: 2",
        "reduction_factor: 1",
        "7:1: pruner: the value of `reduction_factor` is 1, but must be `reduction_factor >= 2`",
    ),
    "min_epochs above epochs": (
        "min_epochs: 2",
        "min_epochs: 10",
        "7:34: pruner.min_epochs: min_epochs <= settings.epochs must hold, "
        "got min_epochs=10, epochs=9",
    ),
    "no epochs": (
        "epochs: 9",
        "epochs: 0",
        "3:20: settings.epochs: epochs >= 1 must hold, got epochs=0",
    ),
    "a setting that is a parameter": (
        "epochs: 9",
        "epochs: 9, width: 4",
        "3:23: settings.width: a setting must not also be a parameter; give it in one of the two",
    ),
    "empty budget": (
        "{trials: 4, time: 10m}",
        "{}",
        "5:9: budget: trials, time or both must be given",
    ),
    "objective that is no path": (
        "toy_objective:train",
        "toy_objective.train",
        "2:12: objective: package.module:name must hold, got 'toy_objective.train'",
    ),
    "unknown objective module": (
        "toy_objective:train",
        "toi_objective:train",
        "2:12: objective: the module 'toi_objective' must be importable, none found; searched "
        "the space file's folder, the current folder and the installed packages",
    ),
    "unknown objective attribute": (
        "toy_objective:train",
        "toy_objective:trian",
        "2:12: objective: the module 'toy_objective' must define 'trian'; did you mean 'train'; "
        "it defines train",
    ),
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_folder(tmp_path, monkeypatch)


def problems(*changes: tuple[str, str], overrides: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(SpaceError) as caught:
        load_space_file(write_space(*changes), overrides)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES)
def test_load_one_mistake_gives_the_whole_message(old: str, new: str, message: str) -> None:
    assert problems((old, new)) == [f"space.yaml:{message}"]


@pytest.mark.parametrize("name", ["learning rate", "lr-max", "3x", "été"])
def test_load_parameter_name_unfit_for_constraints_gives_the_whole_message(name: str) -> None:
    assert problems(("  rate:", f"  {name}:"), ("rate: 1e-3, ", "")) == [
        f"space.yaml:10:3: parameters.{name}: a parameter's name must be letters, digits and '_' "
        f"and not start with a digit, got '{name}'"
    ]


@pytest.mark.parametrize("name", ["and", "max", "true", "True", "None", "lambda"])
def test_load_parameter_named_as_a_word_of_constraints_is_a_mistake(name: str) -> None:
    assert problems(("  rate:", f"  {name}:"), ("rate: 1e-3, ", "")) == [
        f"space.yaml:10:3: parameters.{name}: a parameter's name must not be a word of the "
        f"constraints, got '{name}'"
    ]


@pytest.mark.parametrize("choices", ["[3]", "[null]", "[1, true]", "['1', 1]"])
def test_load_single_or_differing_choices_is_no_mistake(choices: str) -> None:
    path = write_space(("[3, 5]", choices), (BASE[BASE.index("constraints:") :], ""))
    load_space_file(path)


def test_load_starting_point_that_leaves_parameters_out_is_no_mistake() -> None:
    load_space_file(write_space((START, "{width: 5}")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("low: 1, high: 4", "low: 2, high: 2"),
        ("min_epochs: 2", "min_epochs: 9"),
        ("epochs: 9", "epochs: 2"),
        ("{trials: 4, time: 10m}", "{time: 10m}"),
        ("{trials: 4, time: 10m}", "{trials: 1}"),
    ],
)
def test_load_at_the_bound_of_what_must_hold_is_no_mistake(old: str, new: str) -> None:
    load_space_file(write_space((old, new)))


def test_load_single_epoch_is_no_mistake() -> None:
    load_space_file(
        write_space(("{epochs: 9}", "{epochs: 1}"), ("min_epochs: 2", "min_epochs: 1"))
    )


def test_load_condition_that_never_holds_does_not_blame_the_starting_point() -> None:
    assert problems(("[all, top]}}", "tip}}")) == [
        "space.yaml:14:54: parameters.depth.when.tuned: tuned can never be 'tip'; "
        "valid: 'none', 'all', 'top'"
    ]


def test_load_constraints_that_no_point_satisfies_gives_the_whole_message() -> None:
    found = problems(("width >= kernel", "width > 9"), (f"start_from:\n  - {START}\n", ""))
    assert found == [
        "space.yaml:16:3: constraints: some point must satisfy them, "
        "but 1,000 draws in a row did not: width > 9"
    ]


def test_load_overridden_constraints_that_no_point_satisfies_names_the_override() -> None:
    overrides = ("start_from=[]", "constraints=[width > 9]")
    assert problems(overrides=overrides) == [
        "--set constraints=[width > 9]: constraints: some point must satisfy them, "
        "but 1,000 draws in a row did not: width > 9"
    ]


@pytest.mark.parametrize(
    "constraint", ["width >= tuned", "tuned ** 2 > width", "min(width) > 3", "width / 0 > 1"]
)
@pytest.mark.parametrize("start", [START, "{}"], ids=["start", "no start"])
def test_load_constraint_that_cannot_be_computed_is_a_mistake(constraint: str, start: str) -> None:
    found = problems(("width >= kernel", constraint), (START, start))
    assert len(found) == 1
    assert found[0].startswith(f"space.yaml:16:5: constraints[0]: {constraint!r} cannot be")
