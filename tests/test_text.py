"""How numbers and names are written, and escaped, for people."""

import pytest

from search.text import (
    bound_text,
    cell_text,
    counted,
    did_you_mean,
    difference_texts,
    escape_latex,
    escape_markdown,
    latex_table,
    listing,
    markdown_table,
    number_text,
    percent,
    printable,
    shown,
    signed,
    signed_percent,
    tenths,
    value_text,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (number_text(0.98765), "0.9877"),
        (number_text(12345), "12,345"),
        (number_text(0.0), "0.0000"),
        (number_text(0.00123456), "0.00123"),
        (number_text(12345.6), "1.23e+04"),
        (number_text(None), "–"),
        (signed(0.25), "+0.2500"),
        (signed(-1200), "-1,200"),
        (signed(0), "0"),
        (signed(None), "–"),
        (tenths(12.345), "12.3"),
        (tenths(None), "–"),
        (percent(0.125), "12.5%"),
        (percent(None), "–"),
        (signed_percent(-0.5), "-50.0%"),
        (signed_percent(-0.0001), "0.0%"),
        (signed_percent(None), "–"),
        (value_text(None), "null"),
        (value_text(True), "true"),
        (value_text(0.1234567), "0.1235"),
        (shown("a"), "'a'"),
        (shown(False), "false"),
        (shown(None), "null"),
        (bound_text(1.0), "1"),
        (bound_text(0.12345), "0.12345"),
        (cell_text("seconds", 12.345), "12.3"),
        (cell_text("seed", 123456), "123456"),
        (cell_text("params_n", 1000), "1000"),
        (cell_text("params_n", None), "–"),
        (counted(1, "trial"), "1 trial"),
        (counted(1200, "trial"), "1,200 trials"),
        (listing(["a", 1]), "a, 1"),
        (listing([]), "(none)"),
        (did_you_mean("nmae", ["name", "seed"]), "; did you mean 'name'"),
        (did_you_mean("x", ["name", "seed"]), ""),
    ],
)
def test_text_is_as_wanted(text: str, wanted: str) -> None:
    assert text == wanted


def test_control_characters_are_shown_and_line_breaks_kept() -> None:
    assert printable("a\x1b[31mb\r\tc\nd") == "a\\x1b[31mb\\r\\tc\nd"


@pytest.mark.parametrize(
    ("text", "markdown", "latex"),
    [
        ("a|b", "a\\|b", "a\\textbar{}b"),
        ("**b** _c_", "\\*\\*b\\*\\* \\_c\\_", "**b** \\_c\\_"),
        ("[x](y)", "\\[x](y)", "[x](y)"),
        ("<b>", "\\<b>", "\\textless{}b\\textgreater{}"),
        ("50% & $1 #2 {3}", "50% & $1 #2 {3}", "50\\% \\& \\$1 \\#2 \\{3\\}"),
        ("a\\b~c^d", "a\\\\b\\~c^d", "a\\textbackslash{}b\\textasciitilde{}c\\textasciicircum{}d"),
        ("a\nb", "a, b", "a, b"),
        ("1 → 2 – 3", "1 → 2 – 3", "1 $\\to$ 2 -- 3"),
    ],
)
def test_special_characters_are_escaped(text: str, markdown: str, latex: str) -> None:
    assert escape_markdown(text) == markdown
    assert escape_latex(text) == latex


def test_tables_align_words_left_and_set_rows_in_bold() -> None:
    table = (["name", "n|n"], [["a_b", "1"], ["", "2"]], ["name"], [0])
    assert markdown_table(*table) == (
        "| name | n\\|n |\n| :--- | ---: |\n| **a\\_b** | **1** |\n|  | 2 |\n"
    )
    assert latex_table(*table) == (
        "\\begin{tabular}{lr}\n\\toprule\nname & n\\textbar{}n \\\\\n\\midrule\n"
        "\\textbf{a\\_b} & \\textbf{1} \\\\\n & 2 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "texts"),
    [
        (8.333e-05, -0.000894, 0.00106, ("+0.00008", "-0.00089", "+0.00106")),
        (0.11111, 0.078, 0.1442, ("+0.111", "+0.078", "+0.144")),
        (-12.0, -40.0, 16.0, ("-12", "-40", "+16")),
        (1234.0, 1034.0, 1434.0, ("+1,234", "+1,034", "+1,434")),
        (0.0304, 0.0004, 0.0604, ("+0.0304", "+0.0004", "+0.0604")),
        (-0.0001, -0.03, 0.03, ("+0.000", "-0.030", "+0.030")),
        (0.0, 0.0, 0.0, ("+0.0000", "+0.0000", "+0.0000")),
    ],
)
def test_difference_has_the_digits_that_its_interval_leaves(
    value: float, low: float, high: float, texts: tuple[str, str, str]
) -> None:
    assert difference_texts(value, low, high) == texts
