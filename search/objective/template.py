"""The command line of a script: words in which parameters and settings stand as `{name}`."""

import shlex
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from search.errors import ObjectiveError
from search.text import shown

_OF_A_SHELL = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1", "&>"})


@dataclass(frozen=True)
class _Word:
    """One word: texts, each with the name that follows it, if one does."""

    pieces: tuple[tuple[str, str | None], ...]

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.pieces if name is not None]

    @property
    def is_option(self) -> bool:
        """Tell an option whose value is the next word."""
        text = self.pieces[0][0] if self.pieces else ""
        return not self.names and text.startswith("-") and "=" not in text

    def fill(self, values: Mapping[str, object]) -> str:
        texts = (
            text + ("" if name is None else as_text(values[name])) for text, name in self.pieces
        )
        return "".join(texts)


class Template:
    """A command line as a space file gives it, split into words before anything is filled in.

    No shell reads it, so no value needs quotes, whatever is in it.

    Args:
        text: The command line; `{{` and `}}` are braces.

    Raises:
        ObjectiveError: If it is none.

    Example:
        >>> Template("train.py --lr {lr} --name 'run {n}'").fill({"lr": 1e-05, "n": "a b"})
        ['train.py', '--lr', '1e-05', '--name', 'run a b']
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise ObjectiveError(
                f"command: a command line must be given, as python train.py, got {shown(text)}"
            )
        try:
            words = shlex.split(text)
        except ValueError as error:
            problem = str(error).lower()
            raise ObjectiveError(f"command: quotes must be closed, got {problem}") from None
        for word in words:
            if word in _OF_A_SHELL:
                raise ObjectiveError(
                    f"command: one program must be named, as no shell reads it, got {word!r}; "
                    "valid: sh -c '…', or a script of them"
                )
        self._words = [_Word(tuple(_pieces(word))) for word in words]

    @property
    def names(self) -> list[str]:
        """The names in it, in its order."""
        return list(dict.fromkeys(name for word in self._words for name in word.names))

    @property
    def fixed_words(self) -> list[str | None]:
        """Its words; None for each that a value changes."""
        return [None if word.names else word.fill({}) for word in self._words]

    def fill(self, values: Mapping[str, object]) -> list[str]:
        """Give the words of a command line.

        A word is left out if a name in it has no value or null, and with it the option (`--name`)
        before it; so is a word that its values leave empty.
        """
        words: list[tuple[_Word, str]] = []
        for word in self._words:
            if any(values.get(name) is None for name in word.names):
                if words and words[-1][0].is_option:
                    words.pop()
                continue
            text = word.fill(values)
            if text or not word.names:
                words.append((word, text))
        return [text for _, text in words]


def as_text(value: object) -> str:
    """Write a value as YAML has it, a text without quotes."""
    return value if isinstance(value, str) else shown(value)


def _pieces(word: str) -> Iterator[tuple[str, str | None]]:
    try:
        for text, name, form, conversion in string.Formatter().parse(word):
            if name is not None and (not name.isidentifier() or form or conversion):
                raise ValueError(name)
            yield text, name
    except ValueError:
        raise ObjectiveError(
            "command: braces must hold a name, as {learning_rate}, or be doubled, as {{, got "
            f"{word!r}"
        ) from None
