"""One run from the listing to the status, and the connection test: the only wing that knows the others.

From outside: `pipeline`, `reading`, `report`, `checks`, `diff`.
Never here: how a call is made, what a field of the file means, Airflow.
"""
