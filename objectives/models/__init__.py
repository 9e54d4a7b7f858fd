"""The networks by name, what each can be given, and how large one is.

A model is a function from image shape, number of classes and its own parameters to a module.
`MODELS` has every function in this folder whose first arguments are `image_shape` and
`n_classes`: to add one, write it, with a first line of its docstring that says what it is. Its
children go from stem to head: the classifier is the last, under the name `head`.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from objectives.errors import SettingsError, UnknownNameError, import_callable

if TYPE_CHECKING:
    from torch import nn

    from objectives.models.layers import ImageShape


@dataclass(frozen=True)
class Model:
    """A network that can be built; its module, which loads torch, is imported for that only."""

    path: str
    """Where its function is, `package.module:name`."""
    description: str
    """What it is, from the first line of the function's docstring."""
    parameters: tuple[str, ...]
    """Names of what it can be given, besides image shape and number of classes."""

    def __call__(
        self, image_shape: "ImageShape", n_classes: int, **parameters: Any
    ) -> "nn.Module":
        """Build the network on torch's default device."""
        module, _, name = self.path.partition(":")
        network: nn.Module = getattr(importlib.import_module(module), name)(
            image_shape, n_classes, **parameters
        )
        return network


def _first_line(docstring: str | None) -> str:
    return (docstring or "").partition("\n")[0].removeprefix("Build ").removesuffix(".")


def _built_in() -> Iterator[tuple[str, Model]]:
    """Read the functions of this folder from their source, as importing them loads torch."""
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.FunctionDef) and [
                argument.arg for argument in node.args.args
            ] == ["image_shape", "n_classes"]:
                description = _first_line(ast.get_docstring(node))
                parameters = tuple(argument.arg for argument in node.args.kwonlyargs)
                path = f"{__name__}.{file.stem}:{node.name}"
                yield node.name, Model(path, description, parameters)


MODELS = dict(_built_in())
"""All networks by name."""


def find_model(name: str) -> Model:
    """Find a network by name, the user's own too.

    Args:
        name: A key of `MODELS`, or `package.module:name` of a callable, such as a class derived
            from `torch.nn.Module`. It is called with the image shape (channels, height, width)
            and the number of classes, and with its parameters by name: all that it takes after
            these two can be searched or fixed. It gives a module from `(N, C, H, W)`, bytes
            brought to mean 0 and deviation 1, to logits `(N, K)`. Freezing sorts its layers in
            the order of their making: its child `head`, or else its last layer, is the head,
            and the rest is divided into stages, or as `groups` says.

    Returns:
        The network, not yet built.

    Raises:
        SettingsError: If it does not take these two arguments.
        UnknownNameError: If there is no such network.
    """
    if name in MODELS:
        return MODELS[name]
    if ":" not in str(name):
        raise UnknownNameError("model", name, [*MODELS, "package.module:name"])
    build = import_callable("model", name)
    given = list(inspect.signature(build).parameters.values())
    if len(given) < 2:
        raise SettingsError(
            f"model: {name} must take image_shape and n_classes, it takes "
            f"{inspect.signature(build)}"
        )
    own = [p.name for p in given[2:] if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return Model(name, _first_line(inspect.getdoc(build)), tuple(own))


def count_parameters(model: "nn.Module") -> int:
    """Count a network's weights, frozen ones too; on the `meta` device it costs no memory."""
    return sum(parameter.numel() for parameter in model.parameters())
