"""The parameters of a space file as typed models: one for each `type`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from search.text import shown

Scalar = bool | int | float | str | None
"""A parameter's value."""


def _scalar(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"a text, a number, true, false or null must be given, got {shown(value)}")


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

    type: Literal["float"]
    low: float = Field(description="Smallest value, inclusive.", allow_inf_nan=False)
    high: float = Field(description="Largest value, inclusive.", allow_inf_nan=False)
    log: bool = Field(default=False, description="Search the logarithm; low must be above 0.")
    step: float | None = Field(
        default=None,
        description="Distance between values; must divide high - low.",
        gt=0,
        allow_inf_nan=False,
    )


class IntParameter(_Conditional):
    """A whole number."""

    type: Literal["int"]
    low: int = Field(description="Smallest value, inclusive.")
    high: int = Field(description="Largest value, inclusive.")
    log: bool = Field(default=False, description="Search the logarithm; low must be above 0.")
    step: int = Field(
        default=1, description="Distance between values; must divide high - low.", gt=0
    )


class CategoricalParameter(_Conditional):
    """One of several values; a single one fixes the parameter."""

    type: Literal["categorical"]
    choices: list[ScalarField] = Field(
        description="The values: strings, numbers, true/false, null."
    )


PARAMETER_TYPES: dict[str, type[BaseModel]] = {
    "float": FloatParameter,
    "int": IntParameter,
    "categorical": CategoricalParameter,
}
"""The models of parameters by their `type`."""

Parameter = Annotated[
    FloatParameter | IntParameter | CategoricalParameter, Field(discriminator="type")
]
