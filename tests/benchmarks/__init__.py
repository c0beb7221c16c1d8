"""Measurements, each beside what it is compared to. `make bench` prints them; no test asserts on seconds."""
