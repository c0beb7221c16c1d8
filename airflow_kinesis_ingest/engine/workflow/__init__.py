"""The workflow file: from YAML to data that knows its places, to frozen models; its faults and what may be shown.

From outside: `loading`, `models`, `targets`, `field_types`, `document`, `filters`, `disclosure`, `request`.
Never here: a network, a clock, an environment that nobody asked to resolve, Airflow.
"""
