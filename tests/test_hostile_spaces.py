"""A clear answer, whatever a space file holds: in little time and memory, and escaped."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from search.errors import SpaceError
from search.spaces.space_file import load_space_file
from tests.conftest import ROOT
from tests.fuzzing import N_TESTED, bad_answer, enter, space_texts
from tests.hostile_spaces import ACCEPTED, REFUSED, space


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(tmp_path, monkeypatch)


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_file_gives_the_whole_message(text: Callable[[], str], message: str) -> None:
    path = Path("space.yaml")
    path.write_text(text())
    with pytest.raises(SpaceError) as caught:
        load_space_file(path)
    assert str(caught.value) == f"space.yaml{message}"


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_file_is_described(text: Callable[[], str]) -> None:
    assert bad_answer(text()) is None
    load_space_file(Path("space.yaml"))


def test_mistakes_beyond_a_hundred_are_not_told() -> None:
    path = Path("space.yaml")
    path.write_text("".join(f"k{i}: 1\n" for i in range(3_000)) + space())
    with pytest.raises(SpaceError) as caught:
        load_space_file(path)
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1] == "there are more mistakes"


def test_long_value_is_shortened_in_a_message() -> None:
    path = Path("space.yaml")
    path.write_text(space().replace("study: toy", f"study: {'x' * 9_000}"))
    with pytest.raises(SpaceError) as caught:
        load_space_file(path)
    assert " characters … xxxx" in str(caught.value)
    assert len(str(caught.value)) < 1_100


@settings(
    max_examples=N_TESTED,
    derandomize=True,  # the same files in each run
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
@given(space_texts())
def test_check_answers_whatever_a_file_holds(text: str) -> None:
    assert bad_answer(text) is None


BOUNDED = """\
import resource
import sys
from pathlib import Path

from tests.fuzzing import bad_answer
from tests.hostile_spaces import ACCEPTED, REFUSED, space

assert bad_answer(space()) is None  # what is imported late is there now
status = Path("/proc/self/status").read_text().splitlines()
(taken,) = [int(line.split()[1]) for line in status if line.startswith("VmSize")]
resource.setrlimit(resource.RLIMIT_AS, ((taken + 300_000) * 1024,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
texts = [text for text, _ in REFUSED.values()] + [*ACCEPTED.values()]
bad = {text()[-200:]: answer for text in texts if (answer := bad_answer(text()))}
sys.exit(str(bad) if bad else 0)
"""


def test_all_of_them_are_answered_within_bounds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
