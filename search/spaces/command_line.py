"""What must hold between the space of a search and the command line that it runs."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from search.errors import ObjectiveError
from search.objective.command import TOLD_TO_A_COMMAND, program_path
from search.objective.template import Template
from search.spaces.document import Problem
from search.spaces.spec import Spec
from search.text import listing, unknown

_OWN_SETTINGS = ("command", "metric", "epochs", *TOLD_TO_A_COMMAND)


def command_problems(spec: Spec) -> Iterator[Problem]:
    """Find names of the command that the space lacks, those it lacks itself, and a missing script.

    A command that names no parameter is taken for one that reads them from its environment.

    Args:
        spec: A search whose objective is a command.

    Yields:
        Each mistake; none of a command line that is none, of which the objective itself tells.
    """
    try:
        template = Template(spec.settings.get("command", ""))
    except ObjectiveError:
        return
    named = template.names
    others = spec.settings.keys() - {"command", "metric"}
    valid = list(dict.fromkeys([*spec.parameters, *sorted(others), *TOLD_TO_A_COMMAND]))
    for name in named:
        if name not in valid:
            yield Problem(("settings", "command"), unknown("parameter or setting", name, valid))
    for name in others - {*named, *_OWN_SETTINGS}:
        text = unknown("setting of the command", name, [*_OWN_SETTINGS, *named])
        yield Problem(("settings", name), text, at_key=True)
    yield from _unused_parameters(spec, named)
    for text in _missing_files(template.fixed_words):
        yield Problem(("settings", "command"), text)


def _unused_parameters(spec: Spec, named: list[str]) -> Iterator[Problem]:
    if not set(named) & spec.parameters.keys():
        counts = Counter(name.upper() for name in spec.parameters)
        for name in spec.parameters:
            if counts[name.upper()] > 1:
                text = "names of environment variables must differ in more than their case"
                yield Problem(("parameters", name), f"{text}, got {name!r}", at_key=True)
        return
    for name in spec.parameters.keys() - set(named):
        text = f"the command must name it, as {{{name}}}; it names {listing(named)}"
        yield Problem(("parameters", name), text, at_key=True)


def _missing_files(words: list[str | None]) -> Iterator[str]:
    """Look for the program and, of Python, for its script, as far as the command fixes them."""
    program, script, *_ = (*words, None, None)
    if program and not shutil.which(program, path=program_path()):
        text = f"a program that can be started must be named, got {program!r}"
        yield f"{text}; looked for in the folders of PATH and in {Path.cwd()}"
    is_python = program and Path(program).name.startswith("python")
    if is_python and script and script.endswith(".py") and not Path(script).exists():
        yield f"the file {script} must exist in {Path.cwd()}, none found"
