"""Runs trials one after another in this process: no Ray, and breakpoints work."""

from search.running.assignment import shared_environment
from search.running.run import Run
from search.running.trial import run_trial


def run_trials(run: Run, address: str | None = None) -> None:
    """Run a study's trials until its run hands out no more.

    Args:
        run: The run to serve.
        address: Not used: this engine has no cluster.
    """
    resources = run.study.spec.resources
    environment = shared_environment(
        run.study.import_folders,
        n_threads=max(1, int(resources.cpus_per_trial)),
        hide_gpus=resources.gpus_per_trial == 0,
    )
    run.start(n_workers=1)
    while (assignment := run.next_trial(environment)) is not None:
        for event in run_trial(assignment):
            if run.handle(assignment.number, event):
                break
