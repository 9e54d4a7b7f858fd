"""The parts of a document, as text, Markdown and LaTeX."""

import pytest

from search.summaries.layout import Grid, Part, heading, headings, latex_report, markdown_report
from tests.reports import told

PART = Part(
    "A_heading",
    ["a sentence"],
    Grid(["name", "n"], [["x", "1\n2"]], ["name"]),
    [("value", "one\ntwo"), ("seed", "3")],
    "laid_out\n  as it is",
)


def test_part_as_text() -> None:
    assert told([PART]).split("\n") == [
        "A_heading",
        "value       one",
        "            two",
        "seed        3",
        "a sentence",
        "",
        "name  n",
        "───────",
        "x     1",
        "      2",
        "",
        "laid_out",
        "  as it is",
        "",
    ]


def test_part_as_markdown() -> None:
    assert markdown_report([PART]) == (
        "## A\\_heading\n\n- value: one, two\n- seed: 3\n- a sentence\n\n"
        "| name | n |\n| :--- | ---: |\n| x | 1, 2 |\n\n    laid_out\n      as it is\n"
    )


def test_part_as_latex() -> None:
    assert latex_report([PART]) == (
        "% needs \\usepackage{booktabs}\n\nvalue: one, two\n\nseed: 3\n\na sentence\n\n"
        "\\begin{table}\n\\centering\n\\caption{A\\_heading}\n\\begin{tabular}{lr}\n\\toprule\n"
        "name & n \\\\\n\\midrule\nx & 1, 2 \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n\n"
        "\\begin{verbatim}\nlaid_out\n  as it is\n\\end{verbatim}\n"
    )


def test_part_without_a_heading_has_no_caption() -> None:
    part = Part("", [], PART.grid)
    assert markdown_report([part]).startswith("| name |")
    assert "caption" not in latex_report([part])
    assert told([part]).startswith("name  n")


def test_table_without_rows_is_left_out() -> None:
    assert told([Part("Nothing", ["none"], Grid(["a"], []))]) == "Nothing\nnone\n"


def test_value_that_is_too_long_goes_on_below_its_first_line() -> None:
    lines = told([Part(fields=[("note", "word " * 20)])], 40).splitlines()
    assert [line[:12].strip() for line in lines] == ["note", *[""] * (len(lines) - 1)]
    assert all(line[12:].startswith("word") for line in lines)
    assert max(map(len, lines)) <= 40


def test_layers_wider_than_the_terminal_are_not_broken() -> None:
    assert told([Part(verbatim="layer " * 20)], 40) == "layer " * 20 + "\n"


def test_control_characters_never_reach_the_terminal() -> None:
    evil = "\x1b]0;owned\x07"
    grid = Grid([evil], [[evil]])
    text = told([Part(evil, [evil], grid, [(evil, evil)], evil)])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert text.count("\\x1b]0;owned\\x07") == 7


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("val_f1", "val F1"),
        ("n_parameters", "weights"),
        ("params_kernel_size", "kernel size"),
        ("n", "n"),
    ],
)
def test_heading_is_in_words(name: str, words: str) -> None:
    assert heading(name) == words


def test_headings_that_would_be_alike_say_what_they_are_of() -> None:
    assert headings(["trial", "learning_rate", "params_learning_rate"]) == [
        "trial",
        "learning rate (metric)",
        "learning rate (parameter)",
    ]
