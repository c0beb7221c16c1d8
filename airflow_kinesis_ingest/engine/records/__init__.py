"""From the bytes of records to messages and their schema: decoding, inference, redaction.

From outside: `decode`, `schema`, `fields`, `redact`.
Never here: AWS, the catalogue, the workflow file.
"""
