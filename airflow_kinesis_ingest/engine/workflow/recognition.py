"""Data that lies beside workflows is told from them by its bytes, before any of it is taken apart.

A megabyte of other data takes seconds to be read as YAML, and Airflow gives all files of a folder thirty.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches

SMALL = 2048
"""Bytes. Up to here all faults of a file are told, whatever it is: that takes milliseconds."""

WORDS = (b"kinesis", b"serviceconnection", b"sourceconfig", b"workflowconfig", b"airflowconfig")
"""In small letters. Each workflow has one of them, also where its keys are misspelled."""

UNSURE = (b"\0", b"\\x", b"\\u", b"\\\n", b"\\\r")
"""Another encoding of text, and YAML's escapes: any of them may write a word in another way."""

SOURCE = re.compile(rb"""source["']?\s*:""")
BLOCKS = {"source", "sink", "workflowConfig", "airflowConfig", "connections", "options"}
KEYS = 100  # of a JSON object, looked at for a misspelled `source`


def is_other_data(raw: bytes) -> bool:
    """Whether a file is plainly no workflow: it has no `source`, and nothing that a workflow would have."""
    if len(raw) <= SMALL:
        return False
    small = raw.lower()  # a search for each word takes a tenth of what a pattern for all of them does
    may_be = any(word in small for word in (*WORDS, *UNSURE)) or SOURCE.search(small)
    return not may_be or _is_other_object(raw)


def _is_other_object(raw: bytes) -> bool:
    if not raw.lstrip().startswith(b"{"):
        return False
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return False  # YAML of another form, or broken: its place is told
    return BLOCKS.isdisjoint(found) and not get_close_matches("source", list(found)[:KEYS], 1, 0.7)
