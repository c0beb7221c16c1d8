"""The page inside Airflow: what it shows of services, workflows and runs. Lives in the api-server alone.

All that Airflow's own REST API can do, the browser asks there. The routes here read Airflow's database, and each
lets in whom Airflow's auth manager lets in.
"""
