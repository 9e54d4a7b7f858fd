"""A search space: parameters, the conditions they exist under, and constraints.

It turns a space file's `parameters` into Optuna distributions and walks them in an order in
which every parameter comes after those its `when` names. It proposes nothing itself: the
walk asks its caller for each value, so a sampler, an enumeration and Optuna's own
`trial.suggest_*` all go the same way.
"""

import graphlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from optuna import Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search.objective.probing import Measure
from search.spaces.expressions import parse
from search.spaces.parameters import (
    CategoricalParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    Scalar,
)
from search.spaces.spec import Spec

Params = dict[str, Scalar]
"""A point: the value of each parameter that exists in it."""

Choose = Callable[[str, BaseDistribution], Scalar]
"""Gives a value for a parameter."""


class Space:
    """The parameters of a search and what binds them.

    Args:
        parameters: By name, in the order of the file; no cycle in their conditions.
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
        self.distributions = {name: distribution(p) for name, p in self.parameters.items()}
        expressions = [parse(text) for text in constraints]
        self.constraints = [e for e in expressions if e.names <= parameters.keys()]
        self.measured_constraints = [e for e in expressions if e not in self.constraints]
        self._measure = measure

    @classmethod
    def of(cls, spec: Spec) -> "Space":
        """Build the space of a search.

        Args:
            spec: A space file's content.

        Returns:
            Its space.
        """
        measure = Measure(spec.objective, spec.settings)
        return cls(spec.parameters, spec.constraints, measure)

    def walk(self, choose: Choose) -> Params:
        """Collect a point by asking for one value after another.

        Args:
            choose: Called once for each parameter that exists, given those before it.

        Returns:
            The point; it may violate constraints.
        """
        params: Params = {}
        for name, kind in self.distributions.items():
            if self.exists(name, params):
                params[name] = choose(name, kind)
        return params

    def suggest(self, trial: Trial) -> Params:
        """Take a point from an Optuna trial and record it there.

        Args:
            trial: A running trial.

        Returns:
            Its parameters.
        """
        return self.walk(lambda name, kind: _suggest(trial, name, kind))

    def exists(self, name: str, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a parameter's `when` holds.

        Args:
            name: The parameter.
            params: At least the existing parameters it depends on.

        Returns:
            True if it has no condition, or each one holds.
        """
        return all(
            parent in params and _is_one_of(params[parent], wanted_values(wanted))
            for parent, wanted in self.parameters[name].when.items()
        )

    def satisfies(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point keeps every constraint.

        Args:
            params: The point.

        Returns:
            True if all hold. Those over measured names are looked at last, as measuring may
            take long; they do not hold where there is nothing to measure.
        """
        if not all(constraint.holds(params) for constraint in self.constraints):
            return False
        if not self.measured_constraints or self._measure is None:
            return True
        measured = self._measure(params)
        return measured is not None and all(
            constraint.holds({**measured, **params}) for constraint in self.measured_constraints
        )

    def contains(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point belongs to the space.

        Args:
            params: The point.

        Returns:
            True if exactly the parameters that exist are there, each within its range,
            and the constraints hold.
        """
        return (
            self.is_whole(params)
            and all(holds_value(self.distributions[name], params[name]) for name in params)
            and self.satisfies(params)
        )

    def is_whole(self, params: Mapping[str, Scalar]) -> bool:
        """Tell whether a point has exactly the parameters that exist in it.

        Args:
            params: The point.

        Returns:
            True if none is missing or too many.
        """
        return {n for n in self.parameters if self.exists(n, params)} == params.keys()

    def points(self, values: Mapping[str, Sequence[Scalar]] | None = None) -> Iterator[Params]:
        """List the points of a finite space.

        Args:
            values: Values for parameters that have no finite number of them.

        Yields:
            Each feasible point once, the last parameter turning fastest.
        """
        axes = {
            name: (values or {}).get(name) or finite_values(kind)
            for name, kind in self.distributions.items()
        }
        for params in self._points([*self.parameters], {}, axes):
            if self.satisfies(params):
                yield params

    def continuous(self) -> list[str]:
        """Name the parameters that have no finite number of values.

        Returns:
            Their names; empty for a finite space.
        """
        return [name for name, kind in self.distributions.items() if not finite_values(kind)]

    def size(self, limit: int = 1_000_000) -> int | None:
        """Count the feasible points, those included that only measuring could rule out.

        Args:
            limit: Counting stops there.

        Returns:
            Their number, at most `limit`, or None if the space is continuous.
        """
        if self.continuous():
            return None
        axes = {name: finite_values(kind) for name, kind in self.distributions.items()}
        points = self._points([*self.parameters], {}, axes)
        feasible = (p for p in points if all(c.holds(p) for c in self.constraints))
        return sum(1 for _ in itertools.islice(feasible, limit))

    def _points(
        self, names: list[str], params: Params, axes: Mapping[str, Sequence[Scalar]]
    ) -> Iterator[Params]:
        if not names:
            yield dict(params)
        elif not self.exists(names[0], params):
            yield from self._points(names[1:], params, axes)
        else:
            for value in axes[names[0]]:
                yield from self._points(names[1:], {**params, names[0]: value}, axes)


def distribution(parameter: Parameter) -> BaseDistribution:
    """Translate a parameter into Optuna's words.

    Args:
        parameter: A valid parameter.

    Returns:
        Its distribution.
    """
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
        Their names, in the order of the file where conditions leave it free.

    Raises:
        graphlib.CycleError: If conditions go round in a circle.
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


def wanted_values(wanted: Scalar | list[Scalar]) -> list[Scalar]:
    """Read the right side of a `when` condition.

    Args:
        wanted: One value or several.

    Returns:
        The values, any of which fulfils the condition.
    """
    return wanted if isinstance(wanted, list) else [wanted]


def holds_value(kind: BaseDistribution, value: Scalar) -> bool:
    """Tell whether a value lies in a distribution, on its step and of its type.

    Args:
        kind: The distribution.
        value: What to look for.

    Returns:
        True if a sampler could have drawn it.
    """
    if isinstance(kind, CategoricalDistribution):
        return _is_one_of(value, kind.choices)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if isinstance(kind, IntDistribution) and not isinstance(value, int):
        return False
    if not (isinstance(kind, IntDistribution | FloatDistribution)):
        return False
    in_range = kind.low <= value <= kind.high
    return in_range and (not kind.step or step_fits(value - kind.low, kind.step))


def step_fits(length: float, step: float) -> bool:
    """Tell whether a length is a whole number of steps.

    Args:
        length: At least 0.
        step: Above 0.

    Returns:
        True if it is, up to the rounding of decimal fractions.
    """
    return abs(length / step - round(length / step)) < 1e-8


def finite_values(kind: BaseDistribution) -> list[Scalar]:
    """List the values of a distribution.

    Args:
        kind: The distribution.

    Returns:
        Its values in rising order (choices as given), or an empty list if it is continuous.
    """
    match kind:
        case CategoricalDistribution(choices=choices):
            return list(choices)
        case IntDistribution(low=low, high=high, step=step):
            return list(range(low, high + 1, step))
        case FloatDistribution(low=low, high=high, step=step):
            if step is None:
                return [low] if low == high else []
            return [round(low + i * step, 12) for i in range(round((high - low) / step) + 1)]
    raise AssertionError(f"no other distribution is built here, got {kind}")


def _is_one_of(value: Scalar, group: Sequence[Scalar]) -> bool:
    return any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in group
    )


def _suggest(trial: Trial, name: str, kind: BaseDistribution) -> Scalar:
    match kind:
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name, choices)
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(name, low, high, step=step, log=log)
    raise AssertionError(f"no other distribution is built here, got {kind}")
