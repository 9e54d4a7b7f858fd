"""The project for notebooks and scripts: run a search, look into a study.

Everything here only puts what other modules do within reach, under names that stay.

Example:
    >>> import tempfile
    >>> import search
    >>> folder = tempfile.mkdtemp()
    >>> small = ["budget.trials=3", "pruner.name=none", "settings.epochs=2"]
    >>> study = search.run("spaces/small_cnn.yaml", small, studies=folder,
    ...                    engine="inline", quiet=True)
    >>> study
    <Study small_cnn, 3 trials: 3 complete>
    >>> int(study.leaderboard()["trial"][0]) == study.best.number
    True
    >>> study.history()["epoch"].tolist()
    [1, 2]
    >>> study.plot_history().axes[0].get_xlabel()
    'trial (number)'
    >>> search.list_studies(folder)["trials"].tolist()
    [3]
"""
