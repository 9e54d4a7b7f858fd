"""Reports the boosting rounds of LightGBM.

booster = lightgbm.train(
    params, train, n_rounds - report.n_epochs, valid_sets=[val], valid_names=["val"],
    init_model=report.checkpoint, callbacks=[report_rounds(report, checkpoint=True)],
)
"""

from collections.abc import Callable, Collection

from lightgbm.callback import CallbackEnv

from objectives.integrations.reports import Report, chosen, report_with_file


def report_rounds(
    report: Report,
    metrics: Collection[str] | None = None,
    *,
    every: int = 1,
    checkpoint: bool = False,
) -> Callable[[CallbackEnv], None]:
    """Make a callback that reports each boosting round, with names such as `val_binary_logloss`.

    Args:
        report: Takes the metrics.
        metrics: Names of those evaluated to report; None for all.
        every: Rounds in an epoch, at least 1.
        checkpoint: Whether the booster comes with each report, to be gone on from by
            `init_model=report.checkpoint`.

    Returns:
        A callback of LightGBM.
    """

    def after_round(env: CallbackEnv) -> None:
        if (env.iteration + 1) % every:
            return
        evaluated = {
            f"{data}_{metric}": value
            for data, metric, value, *_ in env.evaluation_result_list or []
        }
        epoch = chosen(evaluated, metrics)
        if checkpoint:
            report_with_file(report, epoch, "booster.txt", env.model.save_model)
        else:
            report(epoch)

    return after_round
