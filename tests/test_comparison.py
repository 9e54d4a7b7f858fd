"""Two trials side by side: how they are named, what differs, and the tables of it."""

import json
from pathlib import Path

import pytest

from search.commands.comparing import choose_sides, compare
from search.errors import SearchError, StudyError
from search.studies.reader import StudyReader
from search.studies.test_metrics import store_evaluation
from search.summaries.class_changes import class_changes, confusion_changes
from search.summaries.comparison import ComparisonFacts, comparison_parts
from search.summaries.layout import WRITERS
from tests.reports import assert_golden, evaluation_of, fill, make_study, run, told

UNTESTED = "no per-image answers of a and b: whether they differ is not tested"


@pytest.fixture
def study(tmp_path: Path) -> StudyReader:
    return fill(make_study(tmp_path))


@pytest.fixture
def other(tmp_path: Path) -> StudyReader:
    """Another study on other images, with one trial."""
    settings = {"epochs": 4, "data": {"name": "mnist"}, "width": 8}
    study = make_study(tmp_path, study="other", settings=settings)
    run(study, [0.5, 0.6])
    return study


def facts_of(study: StudyReader, *names: str) -> ComparisonFacts:
    (a, first), (b, second) = choose_sides(names, study.folder.parent)
    return a.compare(first, second, of=b).facts


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["toy", "toy:0"], (1, 0)),
        (["toy:2", "toy"], (2, 1)),
        (["toy", "3", "6"], (3, 6)),
        (["toy:1", "toy:1"], (1, 1)),
    ],
)
def test_sides_are_best_trials_or_named_ones(
    study: StudyReader, names: list[str], numbers: tuple[int, int]
) -> None:
    a, b = choose_sides(names, study.folder.parent)
    assert (a[1].number, b[1].number) == numbers


def test_sides_may_be_given_by_the_path_of_a_folder(study: StudyReader, tmp_path: Path) -> None:
    a, _ = choose_sides([f"{study.folder}:2", str(study.folder)], tmp_path / "nowhere")
    assert a[1].number == 2


@pytest.mark.parametrize("names", [["toy"], ["toy", "1", "x"], ["toy", "1", "2", "3"]])
def test_sides_must_be_two(study: StudyReader, names: list[str]) -> None:
    with pytest.raises(SearchError) as error:
        choose_sides(names, study.folder.parent)
    assert str(error.value) == (
        f"search compare: two trials must be named, got {' '.join(names)}; valid: "
        "STUDY or STUDY:NUMBER twice, or STUDY NUMBER NUMBER"
    )


def test_side_that_does_not_exist_is_named(study: StudyReader) -> None:
    with pytest.raises(StudyError) as error:
        choose_sides(["toy", "toy:12"], study.folder.parent)
    assert str(error.value) == "toy: a trial from 0 to 6 must be given, got 12"


def test_side_without_a_complete_trial_is_named(study: StudyReader, tmp_path: Path) -> None:
    pruned = make_study(tmp_path, study="pruned")
    run(pruned, [0.5], end="prune")
    with pytest.raises(StudyError) as error:
        choose_sides(["toy", "pruned"], tmp_path)
    assert str(error.value) == (
        "pruned: a complete trial must exist, got 1 trial: 1 pruned; "
        "name another of its trials as pruned:NUMBER"
    )


@pytest.mark.parametrize("name", WRITERS)
def test_comparison_is_written_as_kept(study: StudyReader, name: str) -> None:
    parts = comparison_parts(facts_of(study, "toy:0", "toy:1"))
    assert_golden(WRITERS[name](parts), f"compare.{name}")


def test_comparison_text_and_facts_are_as_kept(study: StudyReader) -> None:
    facts = facts_of(study, "toy:0", "toy:1")
    assert_golden(told(comparison_parts(facts), 100), "compare.text")
    assert_golden(json.dumps(facts, indent=2), "compare.json")


def test_confusions_read_the_other_way_round_beside_the_diagonal() -> None:
    found = confusion_changes(evaluation_of([[8, 2], [3, 7]]), evaluation_of([[9, 1], [5, 5]]))
    assert found
    assert found["difference"] == [[1, -1], [2, -2]]
    assert (found["right"]["difference"], found["right"]["better"]) == (-1, "a")
    assert (found["wrong"]["difference"], found["wrong"]["better"]) == (1, "a")
    assert [(c["true"], c["predicted"], c["better"]) for c in found["changes"]] == [
        ("dog", "cat", "a"),
        ("cat", "dog", "b"),
    ]
    recalls = class_changes(evaluation_of([[8, 2], [3, 7]]), evaluation_of([[9, 1], [5, 5]]))
    assert [(r["class"], r["better"]) for r in recalls] == [("cat", "b"), ("dog", "a")]


def test_confusions_of_other_classes_are_not_compared(
    study: StudyReader, other: StudyReader
) -> None:
    store_evaluation(other.optuna_study, 0, evaluation_of([[5, 5], [0, 10]], ("cat", "owl")))
    facts = facts_of(study, "toy", "other")
    assert facts["confusion"] is None
    assert facts["notes"] == [
        "the test splits differ: their confusions cannot be compared",
        UNTESTED,
    ]
    assert [row["class"] for row in facts["classes"]] == ["cat"]


def test_confusions_that_are_not_kept_are_named(study: StudyReader) -> None:
    store_evaluation(study.optuna_study, 2, evaluation_of(None))
    facts = facts_of(study, "toy:1", "toy:2")
    assert facts["notes"] == ["too many classes: no confusion matrices are kept", UNTESTED]


def test_many_classes_are_left_to_json(study: StudyReader) -> None:
    classes = tuple(f"class {n}" for n in range(21))
    for number, right in ((0, 9), (1, 10)):
        rows = [[right * (row == column) for column in range(21)] for row in range(21)]
        store_evaluation(study.optuna_study, number, evaluation_of(rows, classes))
    text = told(comparison_parts(facts_of(study, "toy:0", "toy:1")), 200)
    assert "the difference of 21 classes is in the output of --json" in text


def test_settings_of_two_studies_are_compared(study: StudyReader, other: StudyReader) -> None:
    facts = facts_of(study, "toy", "other")
    assert facts["settings"] == [
        {"name": "settings.data.name", "a": "digits", "b": "mnist"},
        {"name": "settings.width", "b": 8},
    ]
    assert facts["notes"] == [
        "no test metrics of b: confusions and recall by class cannot be compared",
        UNTESTED,
    ]


def test_trials_that_are_not_complete_are_compared_as_far_as_they_went(study: StudyReader) -> None:
    facts = facts_of(study, "toy", "3", "6")
    assert facts["notes"] == [
        "a (trial 3) is PRUNED: pruned at epoch 2",
        "b (trial 6) is FAIL: infeasible: the kernel | does not fit",
        "no test metrics of a and b: confusions and recall by class cannot be compared",
        UNTESTED,
    ]
    assert told(comparison_parts(facts), 100)


def test_metrics_better_by_the_direction_of_the_study(tmp_path: Path) -> None:
    study = make_study(tmp_path, metric={"name": "n_parameters", "direction": "minimize"})
    run(study, [0.5], odd=1)
    run(study, [0.5], odd=0)
    facts = facts_of(study, "toy", "0", "1")
    others = {row["metric"]: row for row in facts["others"]}
    assert others["n_parameters"]["better"] == "a"
    assert (others["odd"]["better"], others["odd"]["relative"]) == (None, -1.0)
    metrics = facts["metrics"]
    assert all(row["better"] is None for row in metrics)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_verb_draws_both_curves(
    study: StudyReader, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = study.folder.parent / f"curves{suffix}"
    studies = study.folder.parent
    compare(["toy", "toy:3"], plot=picture, as_json=True, studies=studies)
    out, err = capsys.readouterr()
    assert json.loads(out) == facts_of(study, "toy", "toy:3")
    assert f"wrote {picture}" in err
    assert f"next: search show toy 1 --studies {studies}" in err
    start = {".png": b"\x89PNG", ".svg": b"<?xml"}[suffix]
    assert picture.read_bytes().startswith(start)


def test_verb_refuses_other_pictures_before_it_prints(
    study: StudyReader, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SearchError) as error:
        compare(["toy", "toy:3"], plot=Path("curves.bmp"), studies=study.folder.parent)
    assert str(error.value) == (
        "--plot: a file of a known kind must be given, got 'curves.bmp'; valid: .png, .svg, .pdf"
    )
    with pytest.raises(StudyError, match="the file must be writable, got"):
        compare(["toy", "toy:3"], plot=study.folder / "no" / "a.png", studies=study.folder.parent)


def test_verb_names_the_trials_to_evaluate(
    study: StudyReader, capsys: pytest.CaptureFixture[str]
) -> None:
    study.checkpoints.store.write("0002/best.pt", b"")
    compare(["toy", "1", "2"], studies=study.folder.parent)
    err = capsys.readouterr().err
    assert err == f"next: search evaluate toy --trial 2 --studies {study.folder.parent}\n"


def test_trials_of_the_same_name_are_told_apart(study: StudyReader, tmp_path: Path) -> None:
    namesake = make_study(tmp_path / "elsewhere")
    run(namesake, [0.5])
    facts = facts_of(study, "toy:0", f"{namesake.folder}:0")
    text = told(comparison_parts(facts), 100)
    assert text.startswith("Trials toy:0 (a) and toy:0 (b)\n")
