"""Callbacks that report a framework's epochs; each works with any function that takes metrics.

Each needs its framework and nothing else. Given to `search.reporting`, a function trains with
`report`; by hand, `print` will do.
"""
