"""The page on a port of this machine, for programs of this machine only."""

import errno
import json
import socket
import webbrowser
from contextlib import suppress

from flask import Flask, Response, abort, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge
from werkzeug.serving import WSGIRequestHandler, make_server

from search.best_trial.choice import Say
from search.best_trial.pictures import PictureError
from search.best_trial.trained import CLASSIFICATION, trained_classifier
from search.demo.model import DemoModel
from search.demo.page import LARGEST_PICTURE, demo_page
from search.errors import SearchError
from search.studies.reader import StudyReader
from search.studies.trials import Trial

_HOST = "127.0.0.1"
_NAMES = [_HOST, "localhost"]
_TRIES = 100
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' blob: data:; connect-src 'self'"
)


def serve_demo(
    study: StudyReader, trial: Trial, port: int, *, show: bool, tell: Say, say: Say
) -> None:
    """Serve the page of a COMPLETE trial until the user interrupts it.

    Args:
        study: The study.
        trial: The trial.
        port: From which on to look for a free one; 0 takes any.
        show: Whether to open the page in a browser.
        tell: Given the page's address.
        say: Told what else the user should know.
    """
    with listen(port) as listener, trained_classifier(study, trial, CLASSIFICATION) as classifier:
        model = DemoModel(classifier, say)
        app = make_app(demo_page(study, trial, model), model)
        found = listener.getsockname()[1]
        if port not in {0, found}:
            say(f"port {port} is taken, {found} is free")
        server = make_server(
            _HOST, found, app, threaded=True, request_handler=_Quiet, fd=listener.fileno()
        )
        with suppress(KeyboardInterrupt):
            say(f"{study.name}: trial {trial.number}, epoch {trial.best_epoch}; Ctrl-C ends it")
            tell(f"http://{_HOST}:{found}")
            if show:
                webbrowser.open(f"http://{_HOST}:{found}")
            server.serve_forever()


def listen(port: int) -> socket.socket:
    """Listen on a free port of this machine, the first from the given one on; 0 takes any."""
    last = min(port + _TRIES, 65536) - 1 if port else 0
    for candidate in range(port, last + 1):
        try:
            return socket.create_server((_HOST, candidate), backlog=128)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SearchError(
                    f"--port: a port that may be used must be given, got {candidate}: "
                    f"{error.strerror}; valid: 0 for any"
                ) from None
    raise SearchError(
        f"--port: one of {port} to {last} must be free, all are taken; valid: 0 for any"
    )


def make_app(page: str, model: DemoModel) -> Flask:
    """Lay out what is behind each address; it answers to names of this machine only."""
    app = Flask("search.demo", static_folder=None)
    # A page of the web could otherwise reach this one, by a name of its own for this machine.
    app.config.update(TRUSTED_HOSTS=_NAMES, MAX_CONTENT_LENGTH=LARGEST_PICTURE)
    app.before_request(_refuse_other_pages)
    app.after_request(_restrict)

    @app.get("/")
    def show_page() -> str:
        return page

    @app.get("/examples/<int:number>.png")
    def show_example(number: int) -> Response:
        if number >= len(model.examples):
            raise NotFound
        return Response(model.examples[number].png, mimetype="image/png")

    @app.post("/classify")
    def classify() -> Response:
        try:
            return _json(200, model.answer(request.get_data()).plain())
        except RequestEntityTooLarge:
            size = f"{LARGEST_PICTURE // 1024**2} MiB"
            return _json(413, {"error": f"picture: at most {size} must be given, got more"})
        except SearchError as error:
            status = 422 if isinstance(error, PictureError) else 500
            return _json(status, {"error": str(error)})

    return app


def _json(status: int, facts: dict[str, object]) -> Response:
    return Response(json.dumps(facts), status, mimetype="application/json")


def _refuse_other_pages() -> None:
    if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
        abort(403)


def _restrict(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""
