"""A search space: parameters, the conditions they exist under, and constraints.

It turns a space file's `parameters` into Optuna distributions and walks them in an order in
which every parameter comes after those its `when` names. It proposes nothing itself: the
walk asks its caller for each value, so a sampler, an enumeration and Optuna's own
`trial.suggest_*` all take the same route.
"""

import copy
import graphlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import overload

from optuna import Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search.objective.probing import Measure
from search.spaces.expressions import Expression, parse
from search.spaces.parameters import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Scalar,
    is_one_of,
    on_step,
    step_fits,
    wanted_values,
)
from search.spaces.spec import Spec

Params = dict[str, Scalar]
"""A point: the value of each parameter that exists in it."""

MAX_LISTED = 100_000
"""Points up to which a space is listed: seconds and some hundred bytes each, to count them or to
propose them one after the other. More trials than that nobody runs."""

Choose = Callable[[str, BaseDistribution], Scalar]
"""Gives a value for a parameter."""


class Space:
    """The parameters of a search and what binds them.

    Args:
        parameters: By name, in the order of the file; no circle in their conditions.
        constraints: Expressions that every point satisfies.
        measure: Gives the values of names in constraints that are no parameters; None leaves
            such constraints aside.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        constraints: Sequence[str],
        measure: Measure | None = None,
    ) -> None:
        self.parameters = {name: parameters[name] for name in condition_order(parameters)}
        self.distributions = {name: distribution_of(p) for name, p in self.parameters.items()}
        expressions = [parse(text) for text in constraints]
        self.constraints = [e for e in expressions if e.names <= parameters.keys()]
        self.measured_constraints = [e for e in expressions if not e.names <= parameters.keys()]
        self.measure = measure

    @classmethod
    def of(cls, spec: Spec) -> "Space":
        """Build the space of a search."""
        measure = Measure(spec.objective, spec.settings)
        return cls(spec.parameters, spec.constraints, measure)

    def bound_by(self, constraints: Sequence[Expression]) -> "Space":
        """Take the same parameters under some of the constraints that need no measuring."""
        bound = copy.copy(self)
        bound.constraints, bound.measured_constraints = list(constraints), []
        return bound

    def walk(self, choose: Choose) -> Params:
        """Collect a point by asking for one value after another.

        Args:
            choose: Called once for each parameter that exists, given those before it.

        Returns:
            The point; it may violate constraints.
        """
        params: Params = {}
        for name, distribution in self.distributions.items():
            if self.exists(name, params):
                params[name] = choose(name, distribution)
        return params

    def suggest(self, trial: Trial) -> Params:
        """Take a point from an Optuna trial and record it there."""
        return self.walk(lambda name, distribution: _suggest(trial, name, distribution))

    def exists(self, name: str, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a parameter's `when` holds, given at least what it depends on."""
        return all(
            parent in params and is_one_of(params[parent], wanted_values(wanted))
            for parent, wanted in self.parameters[name].when.items()
        )

    def satisfies(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point keeps every constraint.

        Those over measured names are looked at last, as measuring may take long; they do not
        hold where there is nothing to measure.
        """
        if not all(constraint.holds(params) for constraint in self.constraints):
            return False
        if not self.measured_constraints or self.measure is None:
            return True
        measured = self.measure(params)
        return measured is not None and all(
            constraint.holds({**measured, **params}) for constraint in self.measured_constraints
        )

    def contains(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point is whole, each value in its range, and the constraints hold."""
        return (
            self.is_whole(params)
            and all(holds_value(self.distributions[name], params[name]) for name in params)
            and self.satisfies(params)
        )

    def is_whole(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point has exactly the parameters that exist in it."""
        return {n for n in self.parameters if self.exists(n, params)} == params.keys()

    def points(self, values: Mapping[str, Sequence[Scalar]] | None = None) -> Iterator[Params]:
        """List the feasible points of a finite space, the last parameter turning fastest.

        Args:
            values: Values for parameters that have no finite number of them.

        Returns:
            Each point once.
        """
        return (dict(p) for p in self._candidates(values or {}) if self.satisfies(p))

    def is_listable(self, values: Mapping[str, Sequence[Scalar]] | None = None) -> bool:
        """Tell whether `points` has at most `MAX_LISTED` to look at; see there for `values`."""
        n_most = math.prod(map(len, self._axes(values or {}).values()))
        if n_most <= MAX_LISTED or not any(p.when for p in self.parameters.values()):
            return n_most <= MAX_LISTED
        first = itertools.islice(self._candidates(values or {}), MAX_LISTED + 1)
        return sum(1 for _ in first) <= MAX_LISTED

    def continuous(self) -> list[str]:
        """Name the parameters that have no finite number of values."""
        return [name for name, d in self.distributions.items() if not finite_values(d)]

    def size(self) -> int | None:
        """Count the feasible points; None if the space is continuous or not listable.

        Points that only measuring could rule out are counted, too.
        """
        if self.continuous() or not self.is_listable():
            return None
        return sum(1 for _ in self.bound_by(self.constraints).points())

    def _axes(self, values: Mapping[str, Sequence[Scalar]]) -> dict[str, Sequence[Scalar]]:
        """Give the values of each parameter of a finite space."""
        return {n: values.get(n) or finite_values(d) for n, d in self.distributions.items()}

    def _candidates(self, values: Mapping[str, Sequence[Scalar]]) -> Iterator[Params]:
        """Walk through the points of a finite space, whatever the constraints: one changing."""
        names, axes = [*self.parameters], [*self._axes(values).values()]
        point: Params = {}
        turned: list[tuple[int, int]] = []  # which parameter is at which of its values
        start = 0
        while True:
            for place in range(start, len(names)):
                if self.exists(names[place], point):
                    turned.append((place, 0))
                    point[names[place]] = axes[place][0]
            yield point
            while turned:
                place, i = turned.pop()
                if i + 1 < len(axes[place]):
                    turned.append((place, i + 1))
                    point[names[place]] = axes[place][i + 1]
                    start = place + 1
                    break
                del point[names[place]]
            else:
                return


class _Steps(Sequence[float]):
    """The values of a float that has a step, of which there may be a million."""

    def __init__(self, low: float, step: float, n: int) -> None:
        self._low, self._step, self._n = low, step, n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if isinstance(place, slice):
            return [self[i] for i in range(self._n)[place]]
        return on_step(self._low, self._step, range(self._n)[place])


def distribution_of(parameter: Parameter) -> BaseDistribution:
    """Translate a parameter into what Optuna draws from."""
    match parameter:
        case FloatParameter(low=low, high=high, log=log, step=step):
            return FloatDistribution(low, high, log=log, step=step)
        case IntParameter(low=low, high=high, log=log, step=step):
            return IntDistribution(low, high, log=log, step=step)
        case CategoricalParameter(choices=choices):
            return CategoricalDistribution(choices)


def condition_order(parameters: Mapping[str, Parameter]) -> list[str]:
    """Order parameters so that each comes after those its `when` names.

    Args:
        parameters: By name; names in `when` that are not among them are passed over.

    Returns:
        Their names, in the order of the file where conditions leave it free. Conditions that
        go round in a circle are a `graphlib.CycleError`.
    """
    order: list[str] = []
    graph = {name: set(p.when) & parameters.keys() for name, p in parameters.items()}
    sorter = graphlib.TopologicalSorter(graph)
    sorter.prepare()
    position = {name: i for i, name in enumerate(parameters)}
    while sorter.is_active():
        for name in sorted(sorter.get_ready(), key=position.__getitem__):
            order.append(name)
            sorter.done(name)
    return order


def holds_value(distribution: BaseDistribution, value: Scalar) -> bool:
    """Tell whether a sampler could have drawn a value: in range, on its step, of its type."""
    if isinstance(distribution, CategoricalDistribution):
        return is_one_of(value, distribution.choices)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if isinstance(distribution, IntDistribution) and not isinstance(value, int):
        return False
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return False
    low, high, step = distribution.low, distribution.high, distribution.step
    return low <= value <= high and (not step or step_fits(value - low, step))


def finite_values(distribution: BaseDistribution) -> Sequence[Scalar]:
    """Give the values in rising order (choices as given); none if there is no end of them."""
    match distribution:
        case CategoricalDistribution(choices=choices):
            return choices
        case IntDistribution(low=low, high=high, step=step):
            return range(low, high + 1, step)
        case FloatDistribution(low=low, high=high, step=step):
            if step is None:
                return [low] if low == high else []
            return _Steps(low, step, round((high - low) / step) + 1)
    raise AssertionError(f"no other distribution is built here, got {distribution}")


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Scalar:
    match distribution:
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name, choices)
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(name, low, high, step=step, log=log)
    raise AssertionError(f"no other distribution is built here, got {distribution}")
