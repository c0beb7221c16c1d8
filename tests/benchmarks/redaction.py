"""What redaction misses and hides by mistake, beside libraries that look for the same, on the same texts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from airflow_kinesis_ingest.engine.records.detectors import DETECTORS
from airflow_kinesis_ingest.engine.records.redact import Redactor
from tests.corpus import redaction
from tests.corpus.redaction import Score, Span, Text

# `make bench` installs libraries.txt there.
PYTHON = Path(__file__).parents[2] / ".venv-bench" / "bin" / "python"
HEADER = ["detector", "found by", "secrets", "missed", "texts", "hidden by mistake in"]


def cells() -> Iterator[list[str]]:
    corpus = [text for kind in redaction.KINDS for text in redaction.texts(kind)]
    others = _others([one.text for one in corpus])
    for name in DETECTORS:
        yield _cells(name, "this package", redaction.score(name, Redactor([name]).found, corpus))
        if name in others:
            library, spans = others[name]
            yield _cells("", library, _score(name, spans, corpus))


def _cells(name: str, library: str, score: Score) -> list[str]:
    missed = f"{score.misses} ({score.misses / score.secrets:.1%})"
    mistaken = f"{score.false_alarms} ({score.false_alarms / score.texts:.1%})"
    return [name, library, str(score.secrets), missed, str(score.texts), mistaken]


def _score(name: str, spans: Sequence[Sequence[Span]], corpus: Sequence[Text]) -> Score:
    found = {one.text: each for one, each in zip(corpus, spans, strict=True)}
    return redaction.score(name, found.__getitem__, corpus, whole=False)  # they tell, they do not hide


def _others(texts: list[str]) -> dict[str, tuple[str, list[list[Span]]]]:
    """By detector: a library, and what it finds in each text. None where they are not installed."""
    if not PYTHON.exists():
        return {}
    script = Path(__file__).with_name("libraries.py")
    done = subprocess.run([PYTHON, script], input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, tuple[str, list[list[Span]]]] = json.loads(done.stdout)
    return answer
