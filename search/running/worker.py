"""A worker's process: what it must look like, its end when it hangs.

torch is looked up, never imported: an objective that uses it has loaded it.
"""

import faulthandler
import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

from search.objective.loading import extend_import_path
from search.studies.durable import make_folder


@dataclass(frozen=True)
class Environment:
    """What the processes that run a study's trials must look like.

    Args:
        folders: Where objectives may lie, absolute.
        working_folder: The folder in which relative paths of settings start.
        n_threads: Threads of one trial, at least 1.
        hide_gpus: Whether the objective must see no GPU.
        is_joined: Whether it is on a cluster of several nodes, as far as is known.
        variables: Of the driver's environment what objectives go by, as `SEARCH_DATA`.
    """

    folders: tuple[str, ...]
    working_folder: str
    n_threads: int = 1
    hide_gpus: bool = False
    is_joined: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def environment_here(
    folders: Sequence[str],
    cpus: float,
    gpus: float | Literal["auto"],
    *,
    is_joined: bool = False,
) -> Environment:
    """Describe workers that start in this process's folder, with what each trial gets."""
    return Environment(
        tuple(folders),
        str(Path.cwd()),
        max(1, int(cpus)),
        hide_gpus=gpus == 0,
        is_joined=is_joined,
        variables={name: text for name, text in os.environ.items() if name.startswith("SEARCH_")},
    )


def prepare_process(environment: Environment) -> None:
    """Make this process fit for objectives, before they are imported."""
    extend_import_path(environment.folders)
    if os.path.isdir(environment.working_folder):
        os.chdir(environment.working_folder)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(environment.n_threads)
    os.environ.update(environment.variables)
    if environment.hide_gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def limit_threads(n_threads: int) -> None:
    """Keep torch from using more cores than the trial was given; it reads no variable later."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(n_threads)


def release_gpu_memory() -> None:
    """Give back what a trial held on a GPU, for the next one and for other processes."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


@contextmanager
def ended_after(seconds: float | None, error_file: Path) -> Iterator[None]:
    """End this process, and write to a file where it was, if a block of code takes too long.

    The clock runs outside the interpreter, so code that never returns to it is ended too.
    """
    if seconds is None:
        yield
        return
    with _opened(error_file) as file:
        faulthandler.dump_traceback_later(max(seconds, 0.001), exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def was_ended(error_file: Path) -> bool | None:
    """Tell whether `ended_after` ended a process; None if it wrote elsewhere."""
    try:
        return bool(error_file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


@contextmanager
def _opened(error_file: Path) -> Iterator[TextIO]:
    study = error_file.parent.parent.parent
    if not study.is_dir():  # a node that does not share the study's folder
        yield sys.stderr
        return
    make_folder(error_file.parent)
    with error_file.open("w", encoding="utf-8") as file:
        yield file
    error_file.unlink()
