"""How numbers, durations, names and tables are written for people, and escaped, once each."""

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_DURATION = re.compile(
    r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?"
)
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\|*_<`[~"})
_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        **{"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"},
        # Other signs than these stand at these places of LaTeX's default font.
        **{"<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}"},
        **{"–": "--", "→": "$\\to$", "×": "$\\times$", "·": "$\\cdot$", "±": "$\\pm$"},
    }
)


def json_ready(data: Any) -> Any:
    """Put null in the place of numbers that JSON does not have.

    Args:
        data: Plain data.

    Returns:
        The same, of which every strict parser reads what is written.

    Example:
        >>> json_ready({"loss": float("nan"), "choices": (1, float("inf"))})
        {'loss': None, 'choices': [1, None]}
    """
    if isinstance(data, dict):
        return {key: json_ready(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [json_ready(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def json_text(data: Any, indent: int | None = 2) -> str:
    """Write plain data as JSON, for programs; on one line where `indent` is None."""
    return json.dumps(json_ready(data), indent=indent, allow_nan=False)


def parse_duration(value: object) -> float:
    """Read seconds from a number or a text such as `90s`, `30m`, `1h30m` or `2d`."""
    seconds = -1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) < 1e300 else math.inf
    elif isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        parts = {unit: text for unit, text in match.groupdict().items() if text} if match else {}
        try:
            seconds = sum(float(text) * _UNIT_S[unit] for unit, text in parts.items())
        except ValueError:
            seconds = -1.0
    if not 0 < seconds < math.inf:
        raise ValueError(
            f"a length of time above 0 must be given, got {value!r}; "
            "valid: seconds, or a text such as 90s, 30m, 1h30m, 2d"
        )
    return seconds


def format_duration(seconds: float) -> str:
    """Write a length of time as `parse_duration` reads it, to the second from a minute on."""
    if seconds < 60:
        return f"{seconds:.3g}s"
    whole = round(seconds)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Suggest the valid word that was probably meant: `; did you mean 'x'`, or nothing."""
    near = nearest(word, valid)
    return f"; did you mean {near!r}" if near else ""


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Find the only valid word that begins so, else the nearest one, if any is near."""
    words = list(valid)
    longer = [other for other in words if other.startswith(word)] if len(word) > 2 else []
    if len(longer) == 1:
        return longer[0]
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def unknown(noun: str, name: str, valid: Collection[str], meant: Collection[str] = ()) -> str:
    """Say that a name does not exist, and which one was meant: the nearest if none is known."""
    known = f"; did you mean {' or '.join(map(repr, meant))}" if meant else ""
    return f"unknown {noun} {name!r}{known or did_you_mean(name, valid)}; valid: {listing(valid)}"


def shown(value: object) -> str:
    """Write plain data as YAML has it, texts in quotes, with every digit."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a text that is longer than people read.

    Args:
        text: The text.
        most: How many characters of it are kept.

    Returns:
        Its two ends, with what is missing between them.

    Example:
        >>> shortened("a" * 400 + "b" * 700, 20)
        'aaaaaaaaaa … 1,080 characters … bbbbbbbbbb'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"


def listing(words: Iterable[object]) -> str:
    """Join words by commas; `(none)` where there is none."""
    return ", ".join(str(word) for word in words) or "(none)"


def counted(n: int, noun: str) -> str:
    """Count things: `1 trial`, `1,200 images`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def number_text(value: object) -> str:
    """Write a metric: three to four digits of a float, all of an int, `–` for None."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value_text(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1000 or not value else f"{value:#.3g}"


def two_digits(value: float) -> str:
    """Write an error or a small difference, of which no more is known: `0.0069`, `0.012`."""
    return f"{value:#.2g}"


def signed(value: float | None) -> str:
    """Write a difference: as `number_text`, with its sign."""
    return f"+{number_text(value)}" if value is not None and value > 0 else number_text(value)


def difference_texts(value: float, low: float, high: float) -> tuple[str, str, str]:
    """Write a difference and its interval, signed, to the two digits that the interval leaves.

    There are more of them where a bound would else be written as 0 and is not.
    """
    numbers = (value, low, high)
    reach = (high - low) / 2
    decimals = max(0, 1 - math.floor(math.log10(reach))) if 0 < reach < math.inf else 4
    while decimals < 12 and any(bound and not round(bound, decimals) for bound in (low, high)):
        decimals += 1
    by, lower, upper = (f"{round(n, decimals) or 0.0:+,.{decimals}f}" for n in numbers)
    return by, lower, upper


def tenths(value: float | None) -> str:
    """Write seconds or a speed to a tenth, `–` for None."""
    return "–" if value is None else f"{value:.1f}"


def percent(share: float | None) -> str:
    """Write a share from 0 to 1 in percent, `–` for None."""
    return "–" if share is None else f"{share:.1%}"


def signed_percent(share: float | None) -> str:
    """Write a relative difference in percent, with its sign."""
    text = "–" if share is None else f"{share:+.1%}"
    return "0.0%" if text[1:] == "0.0%" else text


def value_text(value: object) -> str:
    """Write the value of a parameter in short, as YAML has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def bound_text(value: float) -> str:
    """Write a number that somebody chose, such as the end of a range, with its own digits."""
    return f"{value:g}"


def cell_text(column: str, value: object) -> str:
    """Write a cell of the leaderboard, `–` where there is nothing."""
    if value is None:
        return "–"
    if column == "seconds" and isinstance(value, float):
        return tenths(value)
    if column == "value_se" and isinstance(value, float):
        return two_digits(value)
    is_number = not (column == "seed" or column.startswith("params_"))
    return number_text(value) if is_number else value_text(value)


def printable(text: str, keep: str = "\n") -> str:
    """Show what does not print, but for what is to be kept, as Python escapes it.

    Control characters of a file or an objective would rule the terminal, marks of direction
    turn its text round, and halves of a character cannot be written at all.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def escape_markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is, on one line."""
    return printable(text.replace("\n", ", ")).translate(_MARKDOWN)


def escape_latex(text: str) -> str:
    """Write a text so that LaTeX shows it as it is, on one line."""
    return printable(text.replace("\n", ", ")).translate(_LATEX)


def markdown_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str] = (),
    bold: Sequence[int] = (),
) -> str:
    """Write a table as Markdown: `left` names columns of words, `bold` numbers rows from 0."""
    rule = [":---" if name in left else "---:" for name in columns]
    head, *body = ([escape_markdown(cell) for cell in row] for row in (columns, *rows))
    body = [_strong(row, "**{}**") if n in bold else row for n, row in enumerate(body)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *body])


def latex_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[str] = (),
    bold: Sequence[int] = (),
) -> str:
    """Write a table as a `tabular` of LaTeX with the rules of the package `booktabs`."""
    head, *body = ([escape_latex(cell) for cell in row] for row in (columns, *rows))
    body = [_strong(row, "\\textbf{{{}}}") if n in bold else row for n, row in enumerate(body)]
    lines = [f"{' & '.join(cells)} \\\\" for cells in (head, *body)]
    aligns = "".join("l" if name in left else "r" for name in columns)
    lines = ["\\toprule", lines[0], "\\midrule", *lines[1:], "\\bottomrule"]
    return "\n".join([f"\\begin{{tabular}}{{{aligns}}}", *lines, "\\end{tabular}\n"])


def _strong(cells: Sequence[str], form: str) -> list[str]:
    return [form.format(cell) if cell else cell for cell in cells]


def plain_text(text: str, style: str = "") -> "Text":
    """Make a text for a terminal, which is shown as it is: neither markup nor control codes."""
    from rich.text import Text

    return Text(printable(text), style=style)


def new_table() -> "Table":
    """Begin a table for a terminal."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
