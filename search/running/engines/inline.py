"""Runs trials one after another in this process: no Ray, and breakpoints work."""

from search.running.run import Run
from search.running.trial import run_trial
from search.running.worker import environment_here


def run_trials(run: Run, address: str | None = None, wait_s: float = 0.0) -> None:
    """Run a study's trials until its run hands out no more; a cluster means nothing here."""
    study, resources = run.study, run.study.spec.resources
    environment = environment_here(
        study.import_folders, resources.cpus_per_trial, resources.gpus_per_trial
    )
    run.start(n_workers=1)
    while (assignment := run.next_trial(environment)) or run.wait_while_paused():
        if assignment is None:
            continue
        for event in run_trial(assignment):
            if run.handle(assignment.number, event):
                break
