"""One run from the listing to the status, and what is asked instead of a run: the only wing that knows the others.

From outside: `pipeline`, `reading`, `report`, `streams`, `checks`, `probes`, `diff`.
Never here: how a call is made, what a field of the file means, Airflow.
"""
