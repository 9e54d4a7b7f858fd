"""What every verb that tells of studies prints, in each of its formats."""

import csv
import io
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from search.commands.comparing import compare, ladder, summary
from search.commands.looking import export, leaderboard, list_studies, show
from search.commands.output import DOCUMENT_FORMATS, TABLE_FORMATS
from search.commands.using import evaluate
from search.errors import SearchError
from search.studies.driver import StudyDriver
from search.studies.export import EXPORT_FORMATS
from tests.processes import command_in
from tests.reports import fill, make_study, run

Verb = Callable[..., None]

NASTY = "a|b_c & 50% [/] [red]x"
"""A choice with what Markdown, LaTeX and rich take for their own."""
VERBS: dict[str, Verb] = {
    "list": list_studies,
    "show": partial(show, "toy"),
    "show trial": partial(show, "toy", 1),
    "leaderboard": partial(leaderboard, "toy"),
    "evaluate": partial(evaluate, "toy", trial=[1]),
    "summary": partial(summary, "toy"),
    "compare": partial(compare, ["toy", "toy:0"]),
    "ladder": partial(ladder, "toy", [0, 1]),
}
TO_STDOUT: Verb = partial(export, "toy")
TABLES = ("list", "leaderboard")
CASES = [
    *[(verb, format_) for verb in VERBS for format_ in DOCUMENT_FORMATS],
    *[(verb, "csv") for verb in TABLES],
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyDriver:
    return fill(make_study(tmp_path_factory.mktemp("studies")))


@pytest.fixture(scope="module")
def nasty_study(tmp_path_factory: pytest.TempPathFactory) -> StudyDriver:
    """Make a study whose parameter has a choice that must be escaped everywhere."""
    study = make_study(
        tmp_path_factory.mktemp("nasty"),
        parameters={"mode": {"type": "categorical", "choices": [NASTY, "plain"]}},
        start_from=[{"mode": NASTY}, {"mode": "plain"}],
    )
    run(study, [0.5, 0.9])
    run(study, [0.5])
    return study


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a verb and give what it printed to stdout."""

    def printed(verb: Verb, study: StudyDriver, **options: Any) -> str:
        verb(studies=study.folder.parent, **options)
        return capsys.readouterr().out

    return printed


def assert_well_formed(text: str, format_: str) -> None:
    """Check the syntax of a format."""
    if format_ == "json":
        assert json.loads(text)
    elif format_ == "csv":
        widths = {len(row) for row in csv.reader(io.StringIO(text))}
        assert len(widths) == 1
    elif format_ == "md":
        tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
        for table in tables:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
        assert tables
    elif format_ == "latex":
        assert text.startswith("% needs \\usepackage{booktabs}\n")
        assert text.count("\\begin{") == text.count("\\end{") > 0
        for table in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end", text, flags=re.S):
            rows = [line for line in table[1].splitlines() if line.endswith("\\\\")]
            assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(table[0])}
        assert not re.search(r"(?<!\\)[_#$](?!\\to)", text.replace("$\\to$", ""))


@pytest.mark.parametrize(("verb", "format_"), CASES)
def test_verb_prints_every_format(
    study: StudyDriver, printed: Callable[..., str], verb: str, format_: str
) -> None:
    text = printed(VERBS[verb], study, format_=format_)
    assert "toy" in text or "0.9" in text
    if format_ != "text":
        assert_well_formed(text, format_)


@pytest.mark.parametrize("verb", VERBS)
def test_json_flag_is_the_format_json(
    study: StudyDriver, printed: Callable[..., str], verb: str
) -> None:
    flag = printed(VERBS[verb], study, as_json=True)
    assert flag == printed(VERBS[verb], study, format_="json")


@pytest.mark.parametrize("verb", VERBS)
def test_format_that_does_not_exist_is_refused(study: StudyDriver, verb: str) -> None:
    formats = TABLE_FORMATS if verb in TABLES else DOCUMENT_FORMATS
    with pytest.raises(SearchError) as error:
        VERBS[verb](format_="latx", studies=study.folder.parent)
    assert str(error.value) == (
        "--format: a format must be given, got 'latx'; did you mean 'latex'; "
        f"valid: {', '.join(formats)}"
    )


@pytest.mark.parametrize(
    ("verb", "format_"),
    [
        *[(verb, f) for verb in ("leaderboard", "summary", "show") for f in DOCUMENT_FORMATS],
        *[("leaderboard", "csv"), ("export", "csv"), ("export", "md"), ("export", "latex")],
    ],
)
def test_choice_is_printed_as_it_is(
    nasty_study: StudyDriver, printed: Callable[..., str], verb: str, format_: str
) -> None:
    verbs: dict[str, Verb] = {**VERBS, "show": partial(show, "toy", 0), "export": TO_STDOUT}
    wanted = {
        "md": "a\\|b\\_c & 50% \\[/] \\[red]x",
        "latex": "a\\textbar{}b\\_c \\& 50\\% [/] [red]x",
    }
    text = printed(verbs[verb], nasty_study, format_=format_)
    assert wanted.get(format_, NASTY) in text


def test_check_prints_a_choice_that_looks_like_markup(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("def train(params):\n    yield {'score': 1.0}\n")
    (tmp_path / "plain.yaml").write_text(
        "study: plain\nobjective: plain:train\nmetric: {name: score, direction: maximize}\n"
        "budget: {trials: 1}\n"
        "parameters: {mode: {type: categorical, choices: ['[/]', '[red]x']}}\n"
    )
    result = command_in(tmp_path)("check", "plain.yaml")
    assert result.returncode == 0, result.stderr
    assert "[/], [red]x" in result.stdout


@pytest.mark.parametrize("format_", EXPORT_FORMATS)
def test_export_to_stdout_is_what_it_writes(
    study: StudyDriver, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], format_: str
) -> None:
    file = tmp_path / "rows"
    export("toy", format_=format_, studies=study.folder.parent)
    out = capfdbinary.readouterr().out
    export("toy", format_=format_, output=file, studies=study.folder.parent)
    assert out == file.read_bytes()
