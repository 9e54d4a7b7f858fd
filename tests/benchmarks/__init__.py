"""Benchmarks: `make bench` runs them all, `python -m tests.benchmarks NAME …` some.

Each measured value stands beside its target, in RESULTS.md, from which the docs quote.
Comparisons run both sides in turn in one call, so that a slow moment of the machine meets both.
"""
