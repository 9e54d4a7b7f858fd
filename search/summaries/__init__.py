"""What a study says, for people: a module for each subject, and `layout`, which prints them all.

A subject's `…_facts` gathers plain data (typed dictionaries, which `--json` prints as they are:
some of their keys exist only where they mean something, which a dataclass could not say), and
its `…_parts` puts them into words and tables.
"""
