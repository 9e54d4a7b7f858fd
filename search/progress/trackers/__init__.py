"""Trackers: they write what a study has for other people's viewers, as TensorBoard and MLflow."""
