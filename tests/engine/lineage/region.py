"""A region that answers from memory: what a part asks, and nothing of how calls are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_kinesis_ingest.engine.lineage.flow import Unfinished

ACCOUNT = "arn:aws:kinesis:us-east-2:123456789012:stream"
FOREIGN = "arn:aws:kinesis:us-east-2:999999999999:stream"


def arn(stream: str) -> str:
    return f"{ACCOUNT}/{stream}"


class Region:
    """answers: by action, or by action and what it is about (`firehose:DescribeDeliveryStream orders`); the last one
    repeats. asked: the calls, each with its parameters.
    """

    name, partition = "us-east-2", "aws"

    def __init__(self, answers: Mapping[str, Any], streams: Sequence[str | Unfinished] = ()) -> None:
        self._answers = {key: list(value) if isinstance(value, list) else [value] for key, value in answers.items()}
        self._streams = streams
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, action: str, /, of: str = "", **parameters: Any) -> dict[str, Any]:
        self.asked.append((action, parameters))
        answers = self._answers.get(f"{action} {of}") or self._answers[action]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def console(self, page: str, /) -> str | None:
        return f"https://console/{page}"

    def with_consumers(self) -> Iterator[str | Unfinished]:
        yield from self._streams
