"""A folder of workflow files, without Airflow: which files there are, who owns a name, what is wrong, deploying one.

From outside: `files`, `claims`, `names`, `validation`, `deploy`.
Never here: Airflow, a run.
"""
