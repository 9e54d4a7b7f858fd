"""What commands print, from one study that is run for it, and the picture of its report.

A trial is named in a command by its rank, as `{1}`: which one is best may change.
"""

import io
import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from search.studies.reader import StudyReader
from tests.browser import chromium
from tests.docs.blocks import DOCUMENTS, ROOT, with_blocks

PICTURE = ROOT / "studies" / "report.png"
STUDY = "small_cnn"
BEST = f"search leaderboard {STUDY} --top 4"
WIDTH = 100
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def write_samples() -> None:
    """Run the study, evaluate its best trials, write every sample and the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "spaces").symlink_to(ROOT / "spaces")
        _printed(f"search run spaces/{STUDY}.yaml --engine inline --quiet", folder)
        _printed(f"search evaluate {STUDY} --top 3", folder)
        _printed(f"search report {STUDY}", folder)
        ranked = [
            str(trial.number) for trial in StudyReader.open(STUDY, folder / "studies").trials()
        ]

        def sample(command: str) -> str:
            command = command.format("", *ranked)
            return f"```text\n$ {command}\n{_printed(command, folder)}```\n"

        for document in DOCUMENTS:
            document.write_text(with_blocks(document.read_text(), "output", sample))
        _photograph(folder / "studies" / STUDY / "report.html")


def _printed(command: str, folder: Path) -> str:
    """Run a command as in a terminal, and give what it prints there."""
    sys.stderr.write(f"{command}\n")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    environment.pop("SEARCH_STUDIES", None)
    program = [sys.executable, "-m", *shlex.split(command)]
    with subprocess.Popen(
        program, cwd=folder, env=environment, stdout=theirs, stderr=theirs
    ) as it:
        os.close(theirs)
        output = b"".join(iter(lambda: _read(ours), b""))
    if it.returncode:
        sys.exit(f"{command} ended with {it.returncode}:\n{output.decode()}")
    lines = _ESCAPES.sub("", output.decode()).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # how Linux tells that nobody is at the other end
        return b""


def _photograph(page: Path) -> None:
    """Take the picture of the first plots of a report, in light mode."""
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1200, "height": 820}, color_scheme="light")
        tab.goto(page.as_uri())
        first = tab.locator("figure").first.bounding_box()
        tab.evaluate("top => scrollTo(0, top - 70)", first["y"] if first else 0)
        png = tab.screenshot()
    with Image.open(io.BytesIO(png)) as picture:
        picture.quantize(256).save(PICTURE, optimize=True)
