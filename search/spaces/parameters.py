"""The parameters of a space file as typed models, one for each `type`.

A model that exists is sound in itself: it has values, and Optuna takes its range.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from search.text import listing, shown

Scalar = bool | int | float | str | None
"""A parameter's value."""


def _scalar(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("a number must be one, got nan")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"a string, a number, true, false or null must be given, got {shown(value)}")


ScalarField = Annotated[
    Scalar,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]


def _wanted(value: object) -> object:
    return [_scalar(item) for item in value] if isinstance(value, list) else _scalar(value)


WantedField = Annotated[
    Scalar | list[Scalar],
    PlainValidator(_wanted),
    WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]}),
]


class StrictModel(BaseModel):
    """What all parts of a space file share: no other keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Conditional(StrictModel):
    when: dict[str, WantedField] = Field(
        default={},
        description="The parameter exists only where each of these others has (one of) the "
        "given values.",
    )
    default: ScalarField = Field(
        default=None,
        description="The value that trials of an earlier space, which did not have this "
        "parameter, are taken to have had.",
    )


class FloatParameter(_Conditional):
    """A real number."""

    type: Literal["float"] = Field(description="Which kind of parameter.")
    low: float = Field(description="Smallest value, inclusive.", allow_inf_nan=False)
    high: float = Field(description="Largest value, inclusive.", allow_inf_nan=False)
    log: bool = Field(default=False, description="Search the logarithm; low must be above 0.")
    step: float | None = Field(
        default=None,
        description="Distance between values; must divide high - low.",
        gt=0,
        allow_inf_nan=False,
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self)
        return self


class IntParameter(_Conditional):
    """A whole number."""

    type: Literal["int"] = Field(description="Which kind of parameter.")
    low: int = Field(description="Smallest value, inclusive.")
    high: int = Field(description="Largest value, inclusive.")
    log: bool = Field(default=False, description="Search the logarithm; low must be above 0.")
    step: int = Field(
        default=1, description="Distance between values; must divide high - low.", gt=0
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_range(self)
        return self


class CategoricalParameter(_Conditional):
    """One of several values; a single one fixes the parameter."""

    type: Literal["categorical"] = Field(description="Which kind of parameter.")
    choices: list[ScalarField] = Field(
        description="The values: strings, numbers, true/false, null."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.choices:
            raise ValueError("choices must hold at least one value, got []")
        seen: set[tuple[bool, Scalar]] = set()
        for choice in self.choices:
            key = key_of_value(choice)
            if key in seen:
                raise ValueError(f"choices must differ, got {shown(choice)} twice")
            seen.add(key)
        return self


PARAMETER_TYPES: dict[str, type[BaseModel]] = {
    "float": FloatParameter,
    "int": IntParameter,
    "categorical": CategoricalParameter,
}
"""The models of parameters by their `type`."""

Parameter = Annotated[
    FloatParameter | IntParameter | CategoricalParameter, Field(discriminator="type")
]


def _check_range(parameter: FloatParameter | IntParameter) -> None:
    low, high, step = parameter.low, parameter.high, parameter.step
    if not math.isfinite(high - low):
        raise ValueError(f"high - low must be a finite number, got low={low}, high={high}")
    if low > high:
        raise ValueError(f"low <= high must hold, got low={low}, high={high}")
    if parameter.log and low <= 0:
        raise ValueError(f"low > 0 must hold for log: true, got low={low}")
    if parameter.log and not math.isfinite(high / low):
        raise ValueError(f"high / low must be a finite number, got low={low}, high={high}")
    if isinstance(step, float) and not math.isfinite((high - low) / step):
        raise ValueError(f"step must divide high - low, got low={low}, high={high}, step={step}")
    if parameter.log and step not in (None, 1):
        raise ValueError(f"log: true and a step exclude each other, got step={step}")
    if step and not step_fits(high - low, step):
        raise ValueError(f"step must divide high - low, got low={low}, high={high}, step={step}")


def step_fits(length: float, step: float) -> bool:
    """Tell whether a length is a whole number of steps, up to the rounding of decimals."""
    return abs(length / step - round(length / step)) < 1e-8


def on_step(low: float, step: float, n: int) -> float:
    """Give the value some steps above the lowest one, without the rounding errors of floats."""
    return round(low + n * step, max(12, 3 - math.floor(math.log10(step))))


def key_of_value(value: Scalar) -> tuple[bool, Scalar]:
    """Give what equal values have in common, as `is_one_of` tells them: 1 is 1.0 and not true."""
    return isinstance(value, bool), value


def is_one_of(value: Scalar, group: Sequence[Scalar]) -> bool:
    """Tell whether a value is among others; unlike in Python, 1 is not true."""
    return value in group and any(
        value == item and isinstance(value, bool) == isinstance(item, bool) for item in group
    )


def wanted_values(wanted: Scalar | list[Scalar]) -> list[Scalar]:
    """List the values any of which fulfils a `when` condition."""
    return wanted if isinstance(wanted, list) else [wanted]


def valid_values(parameter: Parameter) -> str:
    """Say which values a parameter can have, as `valid: int from 1 to 9 in steps of 2`."""
    if isinstance(parameter, CategoricalParameter):
        return f"valid: {listing(map(shown, parameter.choices))}"
    step = f" in steps of {parameter.step}" if parameter.step not in (None, 1) else ""
    return f"valid: {parameter.type} from {parameter.low} to {parameter.high}{step}"
