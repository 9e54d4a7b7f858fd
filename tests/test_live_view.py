"""What the live table of a run shows, on terminals of any size and of any number of trials."""

import io
from pathlib import Path
from typing import Any

import optuna
import pytest
from rich.console import Console

from search.progress.standing import Standing
from search.spaces.space import Space
from search.spaces.space_file import load_space_file
from search.spaces.spec import Spec
from search.studies.trials import Trial
from search.text import value_text
from tests.conftest import ROOT, make_spec

WIDTHS = [60, 80, 120, 200]
SPACE_FILES = sorted((ROOT / "spaces").glob("*.yaml"))
LONG = {f"strength_of_augmentation_{n}": n / 7 for n in range(12)}


def running(number: int, params: dict[str, Any]) -> Trial:
    return Trial(number, "RUNNING", params, None, None, 0, {}, None, 0)


def standing_of(spec: Spec, points: list[dict[str, Any]]) -> Standing:
    """Give a run with a running trial for each point, numbered from 100."""
    standing = Standing(spec, lambda: 90.0)
    for number, params in enumerate(points, start=100):
        standing.running[number] = running(number, params)
        if number % 2 == 0:
            standing.note_epoch(number, 3, 0.91 + number / 1e5)
    return standing


def drawn(spec: Spec, n_trials: int) -> list[dict[str, Any]]:
    """Draw points, conditional parameters only where they exist."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [dict(Space.of(spec).suggest(study.ask())) for _ in range(n_trials)]


def shown(standing: Standing, width: int, height: int = 100, note: str = "") -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, height=height, color_system=None).print(standing.view(note))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", SPACE_FILES, ids=lambda path: path.stem)
def test_rows_tell_number_epoch_value_and_whole_parameters(path: Path, width: int) -> None:
    spec = load_space_file(path)
    points = drawn(spec, 5)
    lines = shown(standing_of(spec, points), width)
    assert max(map(len, lines)) <= width
    begin = next(place for place, line in enumerate(lines) if set(line) == {"─"}) + 1
    rows = lines[begin : begin + 5]
    for number, (params, line) in enumerate(zip(points, rows, strict=True), start=100):
        trial, epoch, value, *cells = line.split()
        assert trial == str(number)
        assert epoch == f"{3 if number % 2 == 0 else 0}/{spec.epochs}"
        assert value == (f"{0.91 + number / 1e5:.4f}" if number % 2 == 0 else "–")
        written = [value_text(value) for value in params.values()]
        assert cells
        assert set(cells) <= {*written, "–"}
        if width == 200:
            assert sorted(cell for cell in cells if cell != "–") == sorted(written)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n_trials", [1, 2, 7, 64])
def test_rows_that_do_not_fit_are_counted(n_trials: int, width: int) -> None:
    points = [{**LONG, "x": number / 64} for number in range(n_trials)]
    lines = shown(standing_of(make_spec(), points), width, height=24, note="stopping")
    assert len(lines) <= 24
    rows = [line for line in lines if line.strip()[:3].isdigit()]
    n_more = n_trials - len(rows)
    assert len(rows) == n_trials or len(lines) == 24
    assert (f"and {n_more} more" in lines) == (n_more > 0)
    assert lines[-1] == "stopping"
    assert "toy 0/4 trials" in "\n".join(lines)


def test_what_differs_between_the_trials_goes_first() -> None:
    points = [{**LONG, "optimizer": name, "x": x} for name, x in [("sgd", 0.1), ("adam", 0.2)]]
    lines = shown(standing_of(make_spec(), points), 60)
    assert "optimizer" in " ".join(lines[:5])
    assert any(line.split()[3:5] == ["0.1", "sgd"] or line.endswith("sgd") for line in lines)


def test_a_parameter_that_does_not_fit_is_left_out_whole() -> None:
    points = [{"path": f"pictures/{'a' * 50}/{n}", "x": n / 10} for n in range(2)]
    lines = shown(standing_of(make_spec(), points), 60)
    assert "path" not in " ".join(lines)
    assert any(line.split() == ["101", "0", "–", "0.1"] for line in lines)


@pytest.mark.parametrize("width", [20, 40, *WIDTHS])
def test_headline_breaks_between_its_parts(width: int) -> None:
    standing = standing_of(make_spec(), [])
    lines = shown(standing, width)
    if width > 40:
        assert " · ".join(lines) == " · ".join(standing.headline())
    assert " ".join(lines).replace(" · ", " ") == " ".join(standing.headline())


@pytest.mark.parametrize("height", range(1, 14))
def test_low_terminals_show_the_headline_rather_than_rows(height: int) -> None:
    lines = shown(standing_of(make_spec(), [{"x": n / 9} for n in range(9)]), 80, height)
    assert "90s elapsed" in lines[-1] or "1m30s elapsed" in lines[-1]
    assert len(lines) <= max(height, 2)
