"""What an objective can tell before it trains: of itself, of points, and what it can be used for.

Only this module knows the members that those of `search.objective.contract` have replaced.
They are understood for this version, with one warning for each objective.
"""

import functools
import inspect
import numbers
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from search.errors import ObjectiveError
from search.objective.contract import ClassCounts, Classifier, Facts
from search.objective.loading import load_objective
from search.objective.source import may_have, static_member
from search.text import listing

Measured = dict[str, float]
"""What was measured of a point, by name."""

_FACTS = tuple(sorted(Facts.__annotations__))
_OLD_FACTS = ("declares", "class_counts", "notes")
_CLASSIFIER = tuple(sorted(name for name in vars(Classifier) if not name.startswith("_")))


class Description:
    """What an objective tells of itself; a fact is computed when it is asked for."""

    def __init__(self, objective: str, facts: Facts) -> None:
        self._objective = objective
        self._facts: Mapping[str, Any] = facts

    def parameters(self) -> list[str] | None:
        """Name the parameters that it takes; None if it does not tell."""
        return self._names("parameters")

    def metrics(self) -> list[str] | None:
        """Name the metrics that it may report; None if it does not tell."""
        return self._names("metrics")

    def class_counts(self) -> ClassCounts | None:
        """Count the images of each class in each split; None if it does not tell."""
        counts: ClassCounts | None = self._fact("class_counts")
        return counts

    def n_split(self) -> int | None:
        """Count the images that a `split_seed` divides anew; None if it does not tell."""
        count: int | None = self._fact("n_split")
        return count

    def notes(self) -> list[str]:
        """Tell what is worth knowing of the images before a search."""
        return [str(note) for note in self._fact("notes") or []]

    def layers(self, params: Mapping[str, Any]) -> str:
        """Tell the layers of the network that a point makes, as a table of several lines."""
        if "layers" not in self._facts:
            raise ObjectiveError(
                f"objective: {self._objective} must have describe(**settings) that gives 'layers' "
                "for its layers to be shown, it has none"
            )
        return str(_asked(self._facts["layers"], dict(params)))

    def _fact(self, name: str) -> Any:
        fact = self._facts.get(name)
        return _asked(fact) if callable(fact) else fact

    def _names(self, name: str) -> list[str] | None:
        names = self._fact(name)
        if names is None:
            return None
        if isinstance(names, Iterable) and not isinstance(names, str):
            listed = list(names)
            if all(isinstance(one, str) for one in listed):
                return listed
        raise ObjectiveError(
            f"objective: {self._objective}.describe must give a list of names for {name!r}, got "
            f"{names!r:.80}"
        )


def describe(objective: str, settings: Mapping[str, Any]) -> Description:
    """Ask an objective what it tells of itself; only what tells it is imported."""
    method = static_member(objective, "describe")
    if method is None or _takes_a_point(method):
        return Description(objective, _old_facts(objective, settings, method))
    facts = _asked(method, **settings)
    if not isinstance(facts, Mapping) or not facts.keys() <= {*_FACTS}:
        raise ObjectiveError(
            f"objective: {objective}.describe must give a mapping with any of {listing(_FACTS)}, "
            f"got {facts!r:.80}"
        )
    return Description(objective, facts)  # type: ignore[arg-type]


def may_describe(objective: str) -> bool:
    """Tell by its source alone whether an objective could tell anything of itself."""
    return any(may_have(objective, name) for name in ("describe", *_OLD_FACTS))


def takes_split_seed(objective: str) -> bool:
    """Import an objective and tell whether it can split the images anew."""
    try:
        return "split_seed" in inspect.signature(load_objective(objective)).parameters
    except (TypeError, ValueError):  # a callable written in C
        return False


def point_probe(
    objective: str, settings: Mapping[str, Any]
) -> tuple[str, Callable[[dict[str, Any]], object]] | None:
    """Find what an objective can be asked about a point: its name, and the function."""
    measure = static_member(objective, "measure")
    if measure is not None:
        return "measure", functools.partial(measure, **settings)
    layers = describe(objective, settings)._facts.get("layers")
    return None if layers is None else ("describe", layers)


class Measure:
    """Asks an objective's `measure` about points, about each only once.

    Args:
        objective: Its import path; not imported before the first point.
        settings: What else its `measure` is given.
    """

    def __init__(self, objective: str, settings: Mapping[str, Any]) -> None:
        self._objective = objective
        self._settings = settings
        self._known: dict[frozenset[tuple[str, str]], Measured | None] = {}

    def exists(self) -> bool:
        """Tell whether the objective measures anything."""
        return static_member(self._objective, "measure") is not None

    def __call__(self, params: Mapping[str, Any]) -> Measured | None:
        """Measure a point: numbers by name; None if the point makes no valid model."""
        key = frozenset((name, repr(value)) for name, value in params.items())
        if key not in self._known:
            self._known[key] = self._ask(params)
        return self._known[key]

    def _ask(self, params: Mapping[str, Any]) -> Measured | None:
        measure: Any = static_member(self._objective, "measure")
        try:
            measured = measure(dict(params), **self._settings)
        except (Exception, SystemExit) as error:  # noqa: BLE001  it is the user's code
            if getattr(error, "infeasible", False):
                return None
            raise self._problem(f"{type(error).__name__}: {error}") from error
        if not isinstance(measured, Mapping) or not all(
            isinstance(value, numbers.Real) for value in measured.values()
        ):
            raise self._problem(f"{measured!r:.80}")
        return {str(name): _plain(value) for name, value in measured.items()}

    def _problem(self, got: str) -> ObjectiveError:
        return ObjectiveError(
            f"objective: {self._objective}.measure must give numbers by name, as "
            f"{{'n_parameters': 7690}}, got {got}"
        )


def classifier_of(objective: object, path: str) -> Classifier | None:
    """Take an objective's classifier in the state that is loaded; None if it offers none."""
    make = getattr(objective, "classifier", None)
    if callable(make):
        classifier: Classifier = make()
        return classifier
    if not any(hasattr(objective, name) for name in ("predict", "classify", "deployable")):
        return None
    old = [name for name in _CLASSIFIER if hasattr(objective, name)]
    _warn_of_old(path, tuple(old), "classifier()")
    return objective  # type: ignore[return-value]  # it has what a classifier has


def _old_facts(path: str, settings: Mapping[str, Any], layers: Callable[..., Any] | None) -> Facts:
    """Gather what the members of the version before tell: a method for each fact."""
    methods = {name: static_member(path, name) for name in _OLD_FACTS}
    found = {name: method for name, method in methods.items() if method is not None}
    old = [*found, *(["describe(params)"] if layers else [])]
    if old:
        _warn_of_old(path, tuple(old), "describe(**settings)")
    asked: dict[str, Any] = {name: functools.partial(of, **settings) for name, of in found.items()}
    if "declares" in asked:
        asked |= _asked(asked.pop("declares"))
    if layers:
        asked["layers"] = functools.partial(layers, **settings)
    return asked  # type: ignore[return-value]


def _takes_a_point(describe: Callable[..., Any]) -> bool:
    """Tell the old `describe(params, **settings)` from the new one, which takes settings only."""
    return next(iter(inspect.signature(describe).parameters), "") == "params"


@functools.cache
def _warn_of_old(path: str, old: tuple[str, ...], new: str) -> None:
    """Say what has taken the place of old members, once in a process."""
    warnings.warn(
        f"objective: {path} has {listing(old)}; {new} takes their place, and the next version "
        "will understand nothing else",
        FutureWarning,
        stacklevel=4,
    )


def _asked(method: Callable[..., Any], *args: object, **settings: object) -> Any:
    """Call an objective's own function; what it raises becomes a message."""
    try:
        return method(*args, **settings)
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is the user's code
        lines = str(error).strip().splitlines() or ["no message"]
        fatal = getattr(error, "fatal", False)
        told = "\n".join(lines) if fatal else f"{type(error).__name__}: {lines[0]}"
        raise ObjectiveError(f"objective: {told}") from error


def _plain(value: Any) -> float:
    return int(value) if isinstance(value, numbers.Integral) else float(value)
