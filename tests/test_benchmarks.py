"""What benchmarks write, and that documents quote nothing else."""

import re
from pathlib import Path

import pytest

from tests.benchmarks import results
from tests.benchmarks.benchmark import Benchmark
from tests.conftest import ROOT
from tests.docs.blocks import with_blocks

QUANTITY = re.compile(
    r"(?<![\w.,])\d[\d.,]*(?: ?×(?! ?\d)| ?(?:ms|s|MB|GB|seconds|minutes)\b| times\b)"
)
"""What a measured speed or size looks like in a text: a number and its unit."""
SAMPLES = re.compile(r"^```.*?^```$|^    .*?$|`[^`]*`|<!--.*?-->", re.MULTILINE | re.DOTALL)
"""Blocks of code and code in a line, which measure nothing."""


def quoted(text: str) -> list[str]:
    """Find the measured values that a document tells."""
    return QUANTITY.findall(SAMPLES.sub("", text))


@pytest.mark.parametrize(
    ("value", "unit", "target", "at_most", "text"),
    [
        (0.1234, "s", 0.5, True, "met: startup: 0.123 s, target ≤ 0.5 s"),
        (12.3, "×", 4, True, "MISSED: startup: 12.3×, target ≤ 4×"),
        (4, "×", 4, True, "met: startup: 4×, target ≤ 4×"),
        (1234.5, "MB", 600, False, "met: startup: 1,234 MB, target ≥ 600 MB"),
        (0, "", 1, False, "MISSED: startup: 0, target ≥ 1"),
    ],
)
def test_benchmark_says_whether_its_target_is_met(
    value: float, unit: str, target: float, at_most: bool, text: str
) -> None:
    assert str(Benchmark("startup", value, unit, target, at_most)) == text


def test_results_replace_the_rows_of_one_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    order = ["first", "second"]
    benchmarks = [Benchmark("one", 1, "s", 2), Benchmark("other", 3, "s", 2)]
    results.write_rows("second", benchmarks, "2026-11-24 | abc | 0.0 | mine", order)
    results.write_rows(
        "first", [Benchmark("it", 5, "×", 9)], "2026-11-25 | def | 0.1 | mine", order
    )
    results.write_rows("second", benchmarks[1:], "2026-11-26 | fed | 0.2 | mine", order)
    assert (tmp_path / "RESULTS.md").read_text().splitlines()[-2:] == [
        "| `first` | it | 5× | ≤ 9× | met | 2026-11-25 | def | 0.1 | mine |",
        "| `second` | other | 3 s | ≤ 2 s | **missed** | 2026-11-26 | fed | 0.2 | mine |",
    ]


def test_results_drop_a_benchmark_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    results.write_rows("old", [Benchmark("it", 5, "×", 9)], "mine", ["old", "new"])
    results.write_rows("new", [Benchmark("it", 5, "×", 9)], "mine", ["new"])
    assert "`old`" not in (tmp_path / "RESULTS.md").read_text()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("it takes 0.42 s, or 18× `--help`, on 28×28 images", ["0.42 s", "18×"]),
        ("23 ms a trial, 1,195 MB, 158 times faster", ["23 ms", "1,195 MB", "158 times"]),
        ("a time as `90s` and 2 cores\n\n    search run  # 5 s\n", []),
    ],
)
def test_quoted_finds_what_was_measured(text: str, values: list[str]) -> None:
    assert quoted(text) == values


@pytest.mark.parametrize("folder", [".", "spaces", "objectives", "search", "tests"])
def test_documents_quote_only_what_the_results_have(folder: str) -> None:
    written = quoted(results.RESULTS.read_text())
    # Tables are written from the code or from the results themselves.
    text = with_blocks((ROOT / folder / "README.md").read_text(), "table", lambda _: "")
    assert [value for value in quoted(text) if value not in written] == []
