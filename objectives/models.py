"""The networks by name, what each can be given, and how large one is.

A model is a function from image shape, number of classes and its own parameters to a
module. Its children go from stem to head: the classifier is the last, under the name `head`.
"""

import ast
import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from objectives.errors import unknown_name

if TYPE_CHECKING:
    from torch import nn


class _Models(Mapping[str, Callable[..., "nn.Module"]]):
    """Functions by name, each imported when it is asked for: their modules load torch.

    Args:
        modules: Beside this file, the module of each function.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> Callable[..., "nn.Module"]:
        model: Callable[..., nn.Module] = getattr(
            importlib.import_module(f"objectives.{self._modules[name]}"), name
        )
        return model

    def __contains__(self, name: object) -> bool:
        return name in self._modules  # else the function would be imported to find out

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def source(self, name: str) -> Path:
        """Name the file that a function is in."""
        return Path(__file__).with_name(f"{self._modules[name]}.py")


MODELS = _Models(
    {
        "small_cnn": "convnets",
        "tiny_cnn": "tiny_cnn",
        "mnist_convnet": "convnets",
        "mlp": "mlp",
        "pretrained": "pretrained",
    }
)


@functools.cache
def model_parameters(name: str) -> list[str]:
    """List what a model can be given, its keyword-only arguments.

    Its source is read, as importing it loads torch.

    Args:
        name: A key of `MODELS`.

    Returns:
        Names of its parameters.

    Raises:
        SettingsError: If there is no such model.
    """
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    functions = (
        node
        for node in ast.parse(MODELS.source(name).read_bytes()).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return [argument.arg for argument in next(functions).args.kwonlyargs]


def count_parameters(model: "nn.Module") -> int:
    """Count a network's weights, frozen ones too.

    Args:
        model: The network; on the `meta` device it has a size but costs no memory.

    Returns:
        Their number.
    """
    return sum(parameter.numel() for parameter in model.parameters())
