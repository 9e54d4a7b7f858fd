"""Serves optuna-dashboard for a study, to be looked at only: nothing is changed through it."""

from search.errors import MissingExtraError
from search.report.serving import (
    HOST,
    Say,
    bind,
    local_only,
    read_only,
    serve_until_interrupted,
)
from search.spaces.optuna_privates import storage_of, study_id
from search.studies.reader import StudyReader

_PORT = 8080


def serve_dashboard(
    study: StudyReader, port: int | None, *, show: bool, tell: Say, say: Say
) -> None:
    """Serve a study on a port of this machine until the user interrupts it.

    Args:
        study: The study.
        port: 0 takes any, None the usual one or, where that is taken, any other.
        show: Whether to open the page in a browser.
        tell: Given the page's address.
        say: Told what else the user should know.

    Raises:
        MissingExtraError: If optuna-dashboard is not installed.
    """
    try:
        from optuna_dashboard import wsgi
    except ModuleNotFoundError as error:
        raise MissingExtraError("dashboard", error, "dashboard") from None
    shown = study.optuna_study
    app = local_only(read_only(wsgi(storage_of(shown)), "this dashboard"))
    with bind(app, port, _PORT) as server:
        address = f"http://{HOST}:{server.server_port}/dashboard/studies/{study_id(shown)}"
        say("its importances are Optuna's PED-ANOVA, not the fANOVA of a summary")
        say("Ctrl-C ends it")
        serve_until_interrupted(server, address, show=show, tell=tell)
        say("")
