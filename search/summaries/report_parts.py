"""What a report says beside the summary: test figures, classes, layers, environment.

Classes and layers are asked of the objective. What cannot be had becomes a sentence in the
place of a table, so that it costs nothing else.
"""

from collections.abc import Mapping, Sequence

from search.errors import SearchError
from search.objective.contract import ClassCounts
from search.objective.loading import extend_import_path
from search.objective.probing import describe
from search.studies.folder import read_provenance
from search.studies.reader import StudyReader
from search.studies.storage import shown_url
from search.studies.trials import Trial
from search.summaries.evaluation import WORST_COLUMNS, WORST_LEFT, worst_rows
from search.summaries.layout import Grid, Part, heading
from search.summaries.summary_parts import splits_grid
from search.summaries.trial_facts import SPLITS, split_metrics
from search.text import number_text

LEFT_OUT = "left out: the objective was not asked (--without-objective)"


def test_parts(study: StudyReader, record: Trial | None) -> list[Part]:
    """Tell how a trial classifies the test split.

    Args:
        study: The study.
        record: An evaluated trial; None if there is none.

    Returns:
        Metrics by split, figures by class, and the worst classified images; the rows of the
        last table are those of `record.test.worst`.
    """
    if record is None or record.test is None:
        text = f"no trial has been evaluated on the test split; search evaluate {study.name} does"
        return [Part("Test figures", [text])]
    figures = record.test
    n_images = sum(figures.per_class["support"])
    of = f"trial {record.number}, epoch {record.best_epoch}"
    speed = f"{of}: {n_images:,} test images in {number_text(figures.seconds)} s"
    columns = list(map(heading, figures.per_class))
    rows = [
        [str(name), *map(number_text, values)]
        for name, *values in zip(*figures.per_class.values(), strict=True)
    ]
    return [
        Part("Test figures", [speed], splits_grid(split_metrics(record))),
        Part("Test figures by class", [of], Grid(columns, rows, ["class"])),
        _worst_part(study, record),
    ]


def _worst_part(study: StudyReader, record: Trial) -> Part:
    assert record.test
    name = "Worst classified test images"
    worst = record.test.worst
    if worst is None:
        again = f"search evaluate {study.name} --trial {record.number} --again"
        text = f"not kept when trial {record.number} was evaluated; {again} keeps them"
        return Part(name, [text])
    if not worst:
        return Part(name, ["every test image is classified right"])
    n_wrong = round((1 - (record.test.metrics["accuracy"] or 0)) * sum(_support(record).values()))
    lines = [
        f"of {n_wrong:,} misclassified, those whose own class is given the least probability, "
        "p(true)"
    ]
    return Part(name, lines, Grid(WORST_COLUMNS, worst_rows(worst), WORST_LEFT))


def classes_part(study: StudyReader, record: Trial | None, ask: bool = True) -> Part:
    """Count the images of each class and split.

    Args:
        study: The study.
        record: A trial that has been evaluated, which knows of the test split; None if none.
        ask: Whether the objective may be imported and asked.

    Returns:
        A row a class; the test split is not read for it.
    """
    name = "Images by class"
    tested = _support(record)
    counts: ClassCounts | None = None
    lines: list[str] = []
    if not ask:
        lines.append(LEFT_OUT)
    else:
        try:
            extend_import_path(study.import_folders)
            counts = describe(study.spec.objective, study.spec.settings).class_counts()
        except SearchError as error:
            lines.append(f"train and validation split cannot be counted here: {error}")
        else:
            if counts is None:
                lines.append(f"{study.spec.objective} does not describe its class_counts")
    if not tested and not any("test" in of for of in (counts or {}).values()):
        lines.insert(0, "the test split is counted once a trial has been evaluated")
    return Part(name, lines, _classes_grid(counts or {}, tested))


def _classes_grid(counts: ClassCounts, tested: Mapping[str, int]) -> Grid | None:
    told = {split for of_class in counts.values() for split in of_class}
    told |= {"test"} if tested else set()
    splits = [split for split in SPLITS if split in told] + sorted(told - set(SPLITS))
    every = {
        name: {**counts.get(name, {}), **({"test": tested[name]} if name in tested else {})}
        for name in dict.fromkeys([*counts, *tested])
    }
    rows = [[name, *(number_text(of.get(s)) for s in splits)] for name, of in every.items()]
    totals = [number_text(sum(of.get(split, 0) for of in every.values())) for split in splits]
    if not rows:
        return None
    return Grid(["class", *splits], [*rows, ["all", *totals]], ["class"], bold=[len(rows)])


def layers_text(study: StudyReader, record: Trial | None, ask: bool = True) -> tuple[str, str]:
    """Describe a trial's network, layer by layer.

    Args:
        study: The study.
        record: The trial; None if no trial is complete.
        ask: Whether the objective may be imported and asked.

    Returns:
        A sentence, and the table as a text; that is empty where it cannot be had.
    """
    from search.best_trial.trained import as_it_ran

    if record is None:
        return "no trial is complete", ""
    if not ask:
        return LEFT_OUT, ""
    try:
        ran = as_it_ran(study, record)
        extend_import_path(study.import_folders)
        table = describe(ran.objective, ran.settings).layers(ran.params)
    except SearchError as error:
        return f"cannot be told here: {error}", ""
    return f"trial {record.number}", table


def environment_part(study: StudyReader) -> Part:
    """Tell where and with what the study was made, as its space file has it.

    Args:
        study: The study.

    Returns:
        A row a fact; a sentence if the file has none.
    """
    facts = read_provenance(study.space_file)
    if not facts:
        return Part("Environment", [f"{study.space_file.name} does not tell"])
    return Part(
        "Environment",
        [f"when {study.space_file.name} was written"],
        Grid(
            ["what", "value"],
            [[name, shown_url(text)] for name, text in facts.items()],
            ["what", "value"],
        ),
    )


def first_evaluated(records: Sequence[Trial]) -> Trial | None:
    """Find the best trial that has been evaluated.

    Args:
        records: Trials, best first.

    Returns:
        It, or None if there is none.
    """
    return next((record for record in records if record.test), None)


def _support(record: Trial | None) -> dict[str, int]:
    """Count the test images by class, as the evaluation did."""
    if record is None or record.test is None:
        return {}
    columns = record.test.per_class
    return dict(zip(columns["class"], columns["support"], strict=True))
