"""The page in a real browser, against a live Airflow: `make test-browser`. `make test` neither runs nor needs it."""
