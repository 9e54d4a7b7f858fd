"""Trains a trial and serves its page."""

import http.client
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.browser import Visit
from tests.processes import command_in, environment

SPACE = """\
study: {name}
objective: objectives.image_classifier:ImageClassifier
settings: {{data: {data}, epochs: {epochs}, device: cpu}}
metric: {{name: val_accuracy, direction: maximize}}
budget: {{trials: 1}}
pruner: {{name: none}}
resources: {{gpus_per_trial: 0}}
parameters:
  learning_rate: {{type: float, low: 1.0e-3, high: 1.0e-1}}
start_from: [{{learning_rate: 8.0e-3}}]
"""


@dataclass(frozen=True)
class Served:
    """A running `search demo`."""

    process: "subprocess.Popen[str]"
    address: str
    port: int

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as talk:
            talk.request(method, path, body, headers)
            response = talk.getresponse()
            return response.status, response.read()

    def answer(self, picture: bytes) -> tuple[int, dict[str, Any]]:
        status, body = self.ask("POST", "/classify", picture)
        return status, json.loads(body)


def trained(folder: Path, name: str, data: str, epochs: int) -> Path:
    """Run a search of one trial; its study lies in the folder."""
    (folder / f"{name}.yaml").write_text(SPACE.format(name=name, data=data, epochs=epochs))
    done = command_in(folder)("run", f"{name}.yaml", "--engine", "inline", "-q")
    assert done.returncode == 0, done.stderr
    return folder


@contextmanager
def served(folder: Path, *arguments: str, **settings: str) -> Iterator[Served]:
    """Run `search demo` in a folder, with some variables of the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "search", "demo", *arguments],
        cwd=folder,
        env={**environment(folder), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        yield Served(process, address, int(address.rpartition(":")[2]))
    finally:
        process.kill()
        process.communicate()


def png(pixels: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(file, "PNG")
    return file.getvalue()


def settled(visit: Visit) -> dict[str, float]:
    """Wait for the last answer; read the bars off the page, in percent."""
    visit.page.wait_for_selector("#says[aria-busy=false]")
    rows = visit.page.locator("#bars li").all_inner_texts()
    found = (re.fullmatch(r"(.+?)\s+([\d.]+) %", row, flags=re.DOTALL) for row in rows)
    return {match[1]: float(match[2]) for match in found if match}


def verdict(visit: Visit) -> str:
    return visit.page.inner_text("#verdict")
