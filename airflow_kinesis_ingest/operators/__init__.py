"""The tasks of a pipeline."""
