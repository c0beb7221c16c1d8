"""A folder of workflow files, without Airflow: which files there are, who owns a name, what is wrong, deploying one,
importing OpenMetadata's own.

From outside: `files`, `claims`, `names`, `validation`, `deploy`, `take_over`.
Never here: Airflow, a run.
"""
