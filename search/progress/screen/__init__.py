"""The keyboard screen of `run` and `watch`, which reads a study in a process of its own."""
