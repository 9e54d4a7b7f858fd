"""Benchmarks: `make bench` runs them all, `python -m tests.benchmarks NAME …` some.

Each prints its figures beside their target. Comparisons run both sides in turn in one call,
so that a slow moment of the machine meets both.
"""
