"""What is written where: the sink's protocol, OpenMetadata over REST, the file; topics, renewal, deletion, run status.

From outside: `sink`, `found`, `openmetadata`, `file`, `client`, `topic`, `deletion`, `run_status`, `rehearsal`,
`agents`.
Never here: calls to AWS, the decoding of records.
"""
