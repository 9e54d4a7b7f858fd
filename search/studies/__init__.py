"""A study on disk: its folder, its record of trials, their order and their tables.

`study` opens and creates one; `storage` holds the record in a journal or a database, `record`
says what a trial is there and `live_trial` writes one; `checkpoints` are the states of trials.
`ranking` orders trials, `leaderboard` and `export` make tables of them.
"""
