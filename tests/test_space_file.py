"""Space files as a whole: defaults, overrides, all mistakes at once, writing and reading back."""

from pathlib import Path
from typing import Any

import pytest

from search.errors import SpaceError
from search.spaces.samplers import SAMPLERS
from search.spaces.space_file import (
    import_folders,
    load_space_file,
    read_space_file,
    space_file_text,
)
from search.spaces.spec import PrunerSpec, ResourcesSpec, SamplerSpec, Spec
from tests.conftest import BASE as SECTIONS
from tests.space_texts import BASE, OBJECTIVE, enter_folder, write_space

MINIMAL = """\
study: toy
objective: toy_objective:train
metric: {name: score, direction: minimize}
budget: {trials: 4}
parameters:
  width: {type: int, low: 1, high: 9}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_folder(tmp_path, monkeypatch)


def write_and_load(spec: Spec, header: tuple[str, ...] = ()) -> Spec:
    Path("resolved.yaml").write_text(space_file_text(spec, header), encoding="utf-8")
    return load_space_file(Path("resolved.yaml"))


def test_load_minimal_file_fills_in_defaults() -> None:
    spec = load_space_file(write_space(base=MINIMAL))
    assert spec.settings == {}
    assert spec.metric.reduce == "best"
    assert spec.budget.time is None
    assert spec.sampler == SamplerSpec(name="forest", seed=0)
    assert spec.pruner == PrunerSpec(name="asha", min_epochs=1)
    assert spec.resources == ResourcesSpec(cpus_per_trial=1, gpus_per_trial="auto", workers=None)
    assert spec.constraints == []
    assert spec.start_from == []


def test_load_whole_file_takes_everything_over() -> None:
    spec = load_space_file(write_space())
    assert (spec.study, spec.objective) == ("toy", "toy_objective:train")
    assert spec.settings == {"epochs": 9}
    assert (spec.metric.name, spec.metric.direction) == ("score", "maximize")
    assert (spec.budget.trials, spec.budget.time) == (4, 600.0)
    assert spec.sampler.seed == 1
    assert spec.pruner.min_epochs == 2
    assert [*spec.parameters] == ["rate", "width", "kernel", "tuned", "depth"]
    assert spec.constraints == ["width >= kernel"]
    assert spec.start_from == [{"rate": 1e-3, "width": 5, "kernel": 3, "tuned": "top", "depth": 2}]


def test_load_grid_whose_points_violate_the_constraints_is_a_mistake() -> None:
    path = write_space(
        ("name: tpe, seed: 1", "name: grid, values: {rate: [1e-3]}"),
        ("width >= kernel", "rate > 0.01"),
        ("{rate: 1e-3, width: 5, kernel: 3, tuned: top, depth: 2}", "{}"),
    )
    with pytest.raises(SpaceError) as caught:
        load_space_file(path)
    assert str(caught.value) == (
        "space.yaml:6:31: sampler.values: some of the listed points must satisfy the "
        "constraints, none does"
    )


def test_load_does_not_import_the_objective() -> None:
    Path("toy_objective.py").write_text(OBJECTIVE + "raise RuntimeError('imported')\n")
    load_space_file(write_space())


@pytest.mark.parametrize(
    ("override", "section", "expected"),
    [
        ("study=other", "study", "other"),
        ("settings.epochs=20", "settings", {"epochs": 20}),
        ("settings.data.name=digits", "settings", {"epochs": 9, "data": {"name": "digits"}}),
        ("settings={}", "settings", {}),
        ("sampler.name=random", "sampler", SamplerSpec(name="random", seed=1)),
        ("sampler={name: random}", "sampler", SamplerSpec(name="random", seed=0)),
        ("constraints=[]", "constraints", []),
        ("start_from=[{width: 3}]", "start_from", [{"width": 3}]),
    ],
)
def test_load_override_replaces_one_key(override: str, section: str, expected: object) -> None:
    plain = load_space_file(write_space())
    spec = load_space_file(write_space(), [override])
    assert getattr(spec, section) == expected
    others = set(Spec.model_fields) - {section}
    assert all(getattr(spec, name) == getattr(plain, name) for name in others)


def test_load_override_of_a_missing_section_makes_it() -> None:
    spec = load_space_file(write_space(base=MINIMAL), ["pruner.name=none", "sampler.seed=7"])
    assert (spec.pruner.name, spec.sampler.seed) == ("none", 7)


def test_load_override_of_a_nested_key_of_a_parameter_changes_only_it() -> None:
    spec = load_space_file(write_space(), ["parameters.width.high=5"])
    assert spec.parameters["width"].model_dump() == {
        **load_space_file(write_space()).parameters["width"].model_dump(),
        "high": 5,
    }


def test_load_override_given_twice_the_last_counts() -> None:
    spec = load_space_file(write_space(), ["budget.trials=10", "budget.trials=20"])
    assert spec.budget.trials == 20


@pytest.mark.parametrize(
    ("overrides", "options"),
    [
        (["pruner.name=none"], {}),
        (["pruner.name=median", "pruner.n_startup_trials=3"], {"n_startup_trials": 3}),
        (["pruner.n_startup_trials=3", "pruner.name=median"], {"n_startup_trials": 3}),
        (["pruner.name=asha"], {"reduction_factor": 4}),
        (["pruner={name: asha, reduction_factor: 2}"], {"reduction_factor": 2}),
    ],
)
def test_load_override_of_the_pruner_leaves_out_the_options_of_another(
    overrides: list[str], options: dict[str, Any]
) -> None:
    asha = "pruner: {name: asha, min_epochs: 2, reduction_factor: 4}"
    path = write_space(("pruner: {name: asha, min_epochs: 2}", asha))
    assert load_space_file(path, overrides).pruner.options == options


def test_load_without_a_pruner_min_epochs_may_be_more_than_the_epochs() -> None:
    path = write_space(("{epochs: 9}", "{epochs: 1}"))
    assert load_space_file(path, ["pruner.name=none"]).pruner.name == "none"


def test_load_override_repairs_a_mistake_of_the_file() -> None:
    path = write_space(("trials: 4", "trials: 0"))
    assert load_space_file(path, ["budget.trials=10"]).budget.trials == 10


def places_of(path: Path, *overrides: str) -> list[list[str]]:
    with pytest.raises(SpaceError) as caught:
        load_space_file(path, overrides)
    return [problem.split(": ")[:2] for problem in caught.value.problems]


SHAPE_MISTAKES = [
    ("study: toy", "study: a/b"),
    ("trials: 4", "trials: four"),
    ("[3, 5]", "[3, 3]"),
    ("low: 1, high: 9", "low: 9, high: 1"),
    ("min_epochs: 2", "min_epochs: 0"),
    ("cpus_per_trial", "cpu_per_trial"),
]
RELATION_MISTAKES = [
    ("width >= kernel", "widht >= kernel"),
    ("toy_objective:train", "toi_objective:train"),
    ("min_epochs: 2", "min_epochs: 10"),
    ("name: tpe", "name: tep"),
    ("when: {tuned: [all, top]}", "when: {tuned: [all, tip]}"),
    ("depth: 2}", "depth: 9}"),
]


def test_load_reports_all_mistakes_of_single_keys_at_once_in_reading_order() -> None:
    assert places_of(write_space(*SHAPE_MISTAKES), "resources.workers=0") == [
        ["--set resources.workers=0", "resources.workers"],
        ["space.yaml:1:8", "study"],
        ["space.yaml:5:18", "budget.trials"],
        ["space.yaml:7:34", "pruner.min_epochs"],
        ["space.yaml:8:13", "resources.cpu_per_trial"],
        ["space.yaml:11:11", "parameters.width"],
        ["space.yaml:12:11", "parameters.kernel"],
    ]


def test_load_reports_all_mistakes_between_keys_at_once_in_reading_order() -> None:
    assert places_of(write_space(*RELATION_MISTAKES), "trackers=[wandb]") == [
        ["--set trackers=[wandb]", "trackers[0]"],
        ["space.yaml:2:12", "objective"],
        ["space.yaml:6:17", "sampler.name"],
        ["space.yaml:7:34", "pruner.min_epochs"],
        ["space.yaml:14:54", "parameters.depth.when.tuned"],
        ["space.yaml:16:5", "constraints[0]"],
        ["space.yaml:18:58", "start_from[0].depth"],
    ]


def test_load_looks_between_keys_once_each_is_right() -> None:
    both = [("trials: 4", "trials: four"), ("name: tpe", "name: tep")]
    assert places_of(write_space(*both)) == [["space.yaml:5:18", "budget.trials"]]


def test_load_reports_all_bad_starting_points_at_once() -> None:
    start = "{width: 3, kernel: 5}\n  - {tuned: none, depth: 2}\n  - {width: 5}"
    found = places_of(
        write_space(("{rate: 1e-3, width: 5, kernel: 3, tuned: top, depth: 2}", start))
    )
    assert found == [
        ["space.yaml:18:5", "start_from[0]"],
        ["space.yaml:19:19", "start_from[1].depth"],
    ]


def test_space_error_joins_its_problems_and_exits_with_2() -> None:
    error = SpaceError(["first", "second"])
    assert str(error) == "first\nsecond"
    assert error.exit_code == 2


@pytest.mark.parametrize("module", ["toy_objective", "toy_neighbour"])
def test_load_finds_an_objective_beside_the_file_or_in_the_current_folder(module: str) -> None:
    Path("beside").mkdir()
    Path("beside/toy_neighbour.py").write_text(OBJECTIVE)
    Path("beside/space.yaml").write_text(BASE.replace("toy_objective", module))
    load_space_file(Path("beside/space.yaml"))


def test_load_prefers_the_folder_of_the_file_to_the_current_one() -> None:
    Path("beside").mkdir()
    Path("beside/toy_objective.py").write_text(OBJECTIVE.replace("train", "fit"))
    Path("beside/space.yaml").write_text(BASE.replace(":train", ":fit"))
    load_space_file(Path("beside/space.yaml"))


def test_load_objective_in_a_package_that_fails_to_import_is_a_mistake() -> None:
    Path("broken_package").mkdir()
    Path("broken_package/__init__.py").write_text("raise ValueError('no licence')\n")
    Path("broken_package/training.py").write_text("def train(params): ...\n")
    with pytest.raises(SpaceError) as caught:
        load_space_file(write_space(("toy_objective:train", "broken_package.training:train")))
    assert str(caught.value) == (
        "space.yaml:2:12: objective: the module 'broken_package.training' must import without "
        "an error, got ValueError: no licence"
    )


def test_load_objective_without_a_module_spec_is_a_mistake() -> None:
    with pytest.raises(SpaceError, match=r"^space\.yaml:2:12: objective: [^\n]*$"):
        load_space_file(write_space(("toy_objective:train", "__main__:train")))


def test_import_folders_are_absolute(tmp_path: Path) -> None:
    here = tmp_path.resolve()
    assert import_folders(Path("beside/space.yaml")) == [str(here / "beside"), str(here)]


ROUND_TRIPS = {
    "minimal budget": ("{trials: 4, time: 10m}", "{time: 90s}"),
    "long budget": ("time: 10m", "time: 1d2h3m4s"),
    "time with a fraction": ("time: 10m", "time: 90.4"),
    "very short time": ("time: 10m", "time: 0.00001"),
    "minimize the last": ("maximize", "minimize, reduce: last"),
    "options of a sampler": ("seed: 1", "seed: 1, n_startup_trials: 5, multivariate: true"),
    "options of a pruner": ("min_epochs: 2", "min_epochs: 2, reduction_factor: 4"),
    "grid with values": ("{name: tpe, seed: 1}", "{name: grid, values: {rate: [1e-3, 0.01]}}"),
    "resources": ("cpus_per_trial: 1", "cpus_per_trial: 0.5, gpus_per_trial: 0.25, workers: 3"),
    "no gpus": ("cpus_per_trial: 1", "gpus_per_trial: 0"),
    "nested settings": (
        "epochs: 9",
        "epochs: 9, data: {name: x, sizes: [1, {deep: null}], e: {}}",
    ),
    "numbers in settings": ("epochs: 9", "epochs: 9, a: 1e-4, b: 1e22, c: 0.1, d: -0.0, e: 1.0"),
    "infinity in settings": ("epochs: 9", "epochs: 9, clip: .inf"),
    "long text in settings": ("epochs: 9", f"epochs: 9, text: '{'word ' * 60}'"),
    "odd texts in settings": ("epochs: 9", "epochs: 9, text: [\"a\\nb\\t\", '# x: y', ' ', '']"),
    "odd choices": (
        "[none, all, top]",
        "[none, all, top, no, 'true', true, null, 'null', '1', 1, '1e-4', 2026-01-31, 'é', '~']",
    ),
    "long constraint": (
        "width >= kernel",
        "width >= kernel and (tuned in ['all', 'top'] or not (kernel == 3)) and width * kernel "
        "<= 100000 and abs(kernel) < 100",
    ),
    "empty starting point": ("{rate: 1e-3, width: 5, kernel: 3, tuned: top, depth: 2}", "{}"),
    "narrow range": ("low: 1e-4", "low: 1e-300"),
}


@pytest.mark.parametrize(("old", "new"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_write_then_load_gives_an_equal_spec(old: str, new: str) -> None:
    spec = load_space_file(write_space((old, new)))
    loaded = write_and_load(spec)
    assert loaded == spec
    assert loaded.model_dump_json() == spec.model_dump_json()  # tells 1 from 1.0 and True


@pytest.mark.parametrize("name", SAMPLERS)
def test_write_then_load_keeps_the_sampler(name: str) -> None:
    spec = load_space_file(write_space(base=MINIMAL), [f"sampler.name={name}", "sampler.seed=5"])
    assert write_and_load(spec).sampler == spec.sampler == SamplerSpec(name=name, seed=5)


def test_write_keeps_overrides() -> None:
    spec = load_space_file(write_space(), ["budget.trials=99"])
    assert write_and_load(spec).budget.trials == 99


def test_write_puts_the_header_above_as_comments() -> None:
    spec = load_space_file(write_space())
    assert write_and_load(spec, ("search 0.1.0", "search run: x")) == spec
    assert Path("resolved.yaml").read_text().startswith("# search 0.1.0\n# search run: x\nstudy: ")


def test_write_twice_gives_the_same_text() -> None:
    Path("first.yaml").write_text(
        space_file_text(load_space_file(write_space()), []), encoding="utf-8"
    )
    Path("second.yaml").write_text(
        space_file_text(load_space_file(Path("first.yaml")), []), encoding="utf-8"
    )
    assert Path("first.yaml").read_text() == Path("second.yaml").read_text()


def test_read_space_file_gives_the_same_without_the_objective() -> None:
    spec = load_space_file(write_space())
    Path("resolved.yaml").write_text(space_file_text(spec, []), encoding="utf-8")
    Path("toy_objective.py").unlink()
    assert read_space_file(Path("resolved.yaml")) == spec


def test_read_space_file_that_was_damaged_raises() -> None:
    with pytest.raises(SpaceError) as caught:
        read_space_file(write_space(("trials: 4", "trials: four")))
    assert str(caught.value) == (
        "space.yaml:5:18: budget.trials: a whole number must be given, got 'four'\n"
        "space.yaml: a newer version of search wrote this file, or it was changed since"
    )


@pytest.mark.parametrize("sampler", [{}, {"seed": 3}])
def test_where_no_sampler_is_named_one_is_chosen_that_can_search_for_all(
    sampler: dict[str, int],
) -> None:
    sections = {key: value for key, value in SECTIONS.items() if key != "sampler"}
    given = {**sections, **({"sampler": sampler} if sampler else {})}
    assert load_space_file(given).sampler.name == "forest"
    several = {key: value for key, value in given.items() if key != "metric"}
    several["metrics"] = [{"name": n, "direction": "maximize"} for n in ("score", "loss")]
    assert load_space_file(several).sampler.name == "tpe"
    assert load_space_file(several).sampler.seed == sampler.get("seed", 0)
