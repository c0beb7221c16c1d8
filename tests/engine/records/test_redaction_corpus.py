"""What each detector misses, and hides by mistake, of the corpus' texts: known, and no more than that.

`make bench` prints the same numbers beside those of other libraries.
"""

from __future__ import annotations

from functools import cache

import pytest

from airflow_kinesis_ingest.engine.records.decode import decode
from airflow_kinesis_ingest.engine.records.detectors import DETECTORS
from airflow_kinesis_ingest.engine.records.redact import Redactor
from tests.corpus import redaction
from tests.corpus.redaction import Text, texts

# Of one kind's texts: secrets not hidden whole, and texts in which more is hidden. What is not named here is 0 and 0.
KNOWN = {
    ("us_ssn", "csv"): (6, 0),  # nine digits below a header that says what they are
    ("aws_key", "logs"): (0, 6),  # random ids as long as a secret, of the same characters
    ("aws_key", "code"): (0, 6),
    ("aws_key", "csv"): (0, 6),
    ("ip", "logs"): (0, 6),  # numbers of sections, behind the first one
    ("ip", "code"): (0, 6),  # a version that nothing calls one
}
SHORTEST = 9  # characters of a secret that stands nowhere else in a text by chance


@cache
def corpus(kind: str) -> list[Text]:
    return list(texts(kind))


@pytest.mark.parametrize("kind", redaction.KINDS)
def test_every_kind_of_source_has_its_texts(kind: str) -> None:
    """At least 300, of at least 50 templates, all different; most of them hold a secret, many hold none."""
    found = corpus(kind)
    assert len(found) >= 300
    assert len({one.text for one in found}) >= 250
    assert len(found) * 0.2 < sum(not one.secrets for one in found) < len(found) * 0.8


@pytest.mark.parametrize("kind", redaction.KINDS)
@pytest.mark.parametrize("detector", DETECTORS)
def test_no_more_is_missed_or_hidden_by_mistake_than_is_known(detector: str, kind: str) -> None:
    """Fewer is well: then the number here is lowered."""
    score = redaction.score(detector, Redactor([detector]).found, corpus(kind))
    misses, false_alarms = KNOWN.get((detector, kind), (0, 0))
    assert score.secrets > 0
    assert score.misses <= misses
    assert score.false_alarms <= false_alarms


@pytest.mark.parametrize("kind", redaction.KINDS)
@pytest.mark.parametrize("detector", DETECTORS)
def test_what_is_found_in_a_text_is_not_in_the_message(detector: str, kind: str) -> None:
    """Records are decoded, and JSON is hidden string by string, number by number."""
    redactor, visible = Redactor([detector]), 0
    for one in corpus(kind):
        (message,) = decode(one.text.encode())
        text = redactor.redact(message).text
        secrets = (one.text[slice(*span)] for span in one.secrets_of(detector))
        visible += sum(len(secret) >= SHORTEST and secret in text for secret in secrets)
    assert visible <= KNOWN.get((detector, kind), (0, 0))[0]
