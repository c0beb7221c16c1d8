"""Test doubles that speak HTTP: `openmetadata.FakeOpenMetadata`, `kinesis.FakeKinesis`, and the faults of `server`.

Import from the modules, this package stays empty: `python -m tests.fakes.kinesis` runs one as a process of its own.
"""
