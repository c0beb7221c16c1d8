"""The tasks of a pipeline, and the one that answers for a workflow without one."""
