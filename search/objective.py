"""The objective contract, and how an objective is found from its import path.

An objective is made once per trial and then iterated: each item is one finished epoch's
metrics. A generator function is the simplest one:

    def train(params, epochs=10):
        model = build(params["filters"])
        for epoch in range(epochs):
            ...
            yield {"val_accuracy": accuracy, "val_loss": loss}

A metric is a finite number, or None where it is not defined; a non-finite number fails the
trial. An objective that takes an argument `seed` is given the trial's seed. One with the
methods of `ResumableObjective` goes on after an interruption, one with those of
`PredictingObjective` can be evaluated, and those of `ClassifyingObjective` and
`DeployableObjective` let its best network be used; what one may tell before it trains is in
`search.spaces.measure`. With a static or class method `declares(**settings)` it names the
`parameters` that it takes and the `metrics` that it reports, either or both; other names in a
space file are then refused before a trial starts. It may also have, looked at after each epoch:

    settling        True while it looks worse than it is, so that it must not be pruned
    stop_reason     why it ended before its last epoch: one line, shown with the trial
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from search.errors import ObjectiveError, did_you_mean, listing

Metrics = Mapping[str, float | int | None]
"""One epoch's metrics by name."""


class Objective(Protocol):
    """What is iterated: each item is one finished epoch's metrics."""

    def __iter__(self) -> Iterator[Metrics]:
        """Train, one epoch per item."""
        ...


class ObjectiveFactory(Protocol):
    """What an import path names: makes the objective of one trial."""

    def __call__(self, params: dict[str, Any], **settings: Any) -> Iterable[Metrics]:
        """Make the objective.

        Args:
            params: The trial's parameters.
            **settings: The space file's `settings`.

        Returns:
            An objective that has not trained yet.
        """
        ...


@runtime_checkable
class ResumableObjective(Protocol):
    """An objective that can go on from where another process left off."""

    def __iter__(self) -> Iterator[Metrics]:
        """Train from the state that is loaded, one epoch per item."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Give everything that the next epoch depends on."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        ...


@runtime_checkable
class PredictingObjective(ResumableObjective, Protocol):
    """An objective whose best epoch can be evaluated on the test split.

    It may also have `classes`: the names of the classes, in the order of the labels; and
    `images(split, indices)`: a list of Pillow images, those of a split that stand at some
    places in the order of `predict`, so that reports can show the worst classified ones.
    """

    def predict(self, split: str) -> tuple[Any, Any]:
        """Classify a split with the state that is loaded.

        Args:
            split: At least `test`; raise an exception with a true attribute `fatal` if the
                data has none.

        Returns:
            Probabilities `(N, K)`, each row sums to 1, and labels `(N,)`, 0 to K - 1.
        """
        ...


@runtime_checkable
class ClassifyingObjective(ResumableObjective, Protocol):
    """An objective whose best epoch can classify pictures.

    It may also have `classes`: the names of the classes, in the order of the probabilities.
    For `search demo` it may have, besides:

        image_shape         channels, height and width; of one channel, images can be drawn
        seen(images)        images of Pillow: those given to `classify` as the network sees them
        examples(n)         at most `n` pairs of an image of Pillow and its label, of the test
                            split; raise as `predict` does if the data has none
    """

    def classify(self, images: Sequence[Any]) -> Any:
        """Classify pictures with the state that is loaded.

        Args:
            images: `(N,)` images of Pillow, of any size and mode; raise a ValueError if one
                cannot be classified.

        Returns:
            Probabilities `(N, K)`, each row sums to 1.
        """
        ...


@runtime_checkable
class DeployableObjective(ResumableObjective, Protocol):
    """An objective whose best network can be written to a file, to be used without it.

    It may also have `classes`: the names of the classes, in the order of the probabilities.
    """

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images that the network takes."""
        ...

    def deployable(self) -> Any:
        """Copy the network in the state that is loaded, with what belongs before and after it.

        Returns:
            A `torch.nn.Module` on the CPU, in evaluation mode, without gradients: from images
            `(N, C, H, W)`, 0 to 255, to probabilities `(N, K)`. It is traced with float32, and
            takes uint8 too if it scales images before anything else, without a cast.
        """
        ...


def extend_import_path(folders: Sequence[str]) -> None:
    """Make modules in some folders importable in this process.

    Args:
        folders: Searched before everything else, the first one first.
    """
    for folder in reversed([str(Path(folder).resolve()) for folder in folders]):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def load_objective(path: str) -> ObjectiveFactory:
    """Import an objective.

    Args:
        path: `package.module:name`.

    Returns:
        What the path names.

    Raises:
        ObjectiveError: If there is no such module or attribute, or it cannot be called.
    """
    problem = objective_problem(path)
    if problem:
        raise ObjectiveError(f"objective: {problem}")
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001  importing runs the user's code
        raise ObjectiveError(f"objective: {_import_problem(module_name, error)}") from error
    factory = getattr(module, name, None)
    if not callable(factory):
        raise ObjectiveError(f"objective: {path} must be a callable, got {factory!r}")
    return factory  # type: ignore[no-any-return]


def objective_problem(path: str) -> str | None:
    """Find what is wrong with an import path, without importing the module itself.

    The module's source is read instead, as importing it may take seconds (torch).

    Args:
        path: `package.module:name`.

    Returns:
        What must hold and what was given, or None if the path looks right.
    """
    module_name, colon, name = path.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module_name.split("."), name]):
        return f"package.module:name must hold, got {path!r}"
    try:
        found = importlib.util.find_spec(module_name)
    except ModuleNotFoundError:
        found = None
    except Exception as error:  # noqa: BLE001  finding a module imports its package
        return _import_problem(module_name, error)
    if found is None:
        return (
            f"the module {module_name!r} must be importable, none found; searched the space "
            "file's folder, the current folder and the installed packages"
        )
    names = _top_level_names(Path(found.origin)) if found.origin else None
    if names is None or name in names:
        return None
    public = sorted(n for n in names if not n.startswith("_"))
    return (
        f"the module {module_name!r} must define {name!r}{did_you_mean(name, public)}; "
        f"it defines {listing(public)}"
    )


def _import_problem(module_name: str, error: Exception) -> str:
    return (
        f"the module {module_name!r} must import without an error, got "
        f"{type(error).__name__}: {error}"
    )


def _top_level_names(source: Path) -> set[str] | None:
    """Read what a module defines or imports; None if only importing it could tell."""
    if source.suffix != ".py":
        return None
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=imported) | ast.ImportFrom(names=imported):
                names.update((alias.asname or alias.name).split(".")[0] for alias in imported)
            case ast.Assign() | ast.AnnAssign():
                names.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            case ast.If() | ast.Try() | ast.With() | ast.For():
                return None
    return None if names & {"*", "__getattr__"} else names
