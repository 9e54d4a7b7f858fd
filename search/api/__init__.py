"""What a command does, as functions: for commands, notebooks and scripts alike.

They do the work and return data; `search.commands` reads arguments and prints. What the user
should know besides goes to stderr, a user's mistake is a `SearchError`.

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
