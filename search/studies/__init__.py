"""A study on disk: its folder, its storage, its trials, their order and their tables.

`reader` opens a study to look, `driver` runs it; `storage` opens what both read and write, and
`attributes` names what stands there. `trials` says what a trial is as data and `live_trial`
writes one; `queue` adds trials that are no sampler's; `checkpoints` are the states of trials.
`ranking` orders trials, `leaderboard` and `export` make tables of them.
"""
