"""Kinesis as a source of streams, descriptions and records. botocore's errors become ours here, and only here.

Delivery: a stream that exists for the whole listing is listed exactly once; one that is made or deleted meanwhile
may or may not be. Each call is paced (`quota.py`), retried (`retry.py`) and logged at DEBUG.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore import exceptions as aws_exceptions
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ..errors import (
    Abort,
    AccessDenied,
    IngestError,
    PlaceExpired,
    StreamDenied,
    StreamGone,
    StreamNotReady,
    StreamUnreadable,
    Throttled,
    Unreachable,
)
from .model import Description, Record, Stream
from .quota import SHARD_READS, Pacer, Quota
from .retry import ATTEMPTS, retry

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)

THROTTLES = {
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
}
BAD_CREDENTIALS = {
    "ExpiredTokenException",
    "ExpiredToken",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
}
DENIALS = {"AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation"}
KMS_DENIALS = {
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "KMSOptInRequired",
}
EXPIRED_PLACES = {"ExpiredIteratorException", "ExpiredNextTokenException"}
NO_CREDENTIALS = (
    aws_exceptions.NoCredentialsError,
    aws_exceptions.PartialCredentialsError,
    aws_exceptions.CredentialRetrievalError,
    aws_exceptions.NoAuthTokenError,
    aws_exceptions.TokenRetrievalError,
    aws_exceptions.SSOError,
    aws_exceptions.UnauthorizedSSOTokenError,
    aws_exceptions.RefreshWithMFAUnsupportedError,
    aws_exceptions.LoginError,
    aws_exceptions.UnknownCredentialError,
)
NO_ANSWER = (
    aws_exceptions.HTTPClientError,
    aws_exceptions.ConnectionError,
    aws_exceptions.EndpointConnectionError,
    aws_exceptions.IncompleteReadError,
    aws_exceptions.ReadTimeoutError,
    aws_exceptions.ConnectTimeoutError,
)
# What botocore's parsers raise on a body that is no JSON object (Kinesis) or no XML (STS).
NO_SENSE = (ResponseParserError, ValueError, TypeError, AttributeError)
# What a true answer holds. botocore reads an HTML page or a body cut in half as an answer with nothing in it.
HOLDS = {
    "ListStreams": ("StreamNames", "HasMoreStreams"),
    "DescribeStreamSummary": ("StreamDescriptionSummary",),
    "ListShards": ("Shards",),
    "GetShardIterator": ("ShardIterator",),
    "GetRecords": ("Records",),
}


class KinesisSource:
    """One account and region, read through one client by many threads.

    stop: set it to make every method raise Stopped soon. attempts: how often a call is made at most.
    """

    def __init__(self, client: KinesisClient, *, quota: Quota, stop: threading.Event, attempts: int = ATTEMPTS) -> None:
        self._client = client
        self._quota = quota
        self._stop = stop
        self._attempts = attempts

    def streams(self) -> Iterator[Stream]:
        """Every stream, in AWS's order. Pages of 100 (AWS's maximum), fetched as they are consumed.

        The iterator ends normally only if the listing is complete. Raises AccessDenied, Throttled, Unreachable or
        Abort otherwise; it never loops on an error and never takes a page that does not advance for the end.
        """
        seen: set[str] = set()
        page = self._call("ListStreams", Limit=100)
        while True:
            fresh = [name for name in page["StreamNames"] if name not in seen]
            seen.update(fresh)
            summaries = {summary["StreamName"]: summary for summary in page.get("StreamSummaries", ())}
            for name in fresh:
                yield _listed(name, summaries.get(name, {}))
            if not page["HasMoreStreams"]:
                return
            if not fresh:
                raise Abort(
                    "the listing of streams does not advance",
                    where="ListStreams",
                    why="AWS says there are more streams and repeats a page",
                    remedy="Run again; if it stays, the endpoint is not a correct Kinesis",
                )
            page = self._next_streams(page, fresh[-1])

    def _next_streams(self, page: dict[str, Any], last: str) -> dict[str, Any]:
        token = page.get("NextToken")
        if token:
            try:
                return self._call("ListStreams", NextToken=token, Limit=100)
            except PlaceExpired:
                log.debug("ListStreams: the token expired, going on after %s", last)
        return self._call("ListStreams", ExclusiveStartStreamName=last, Limit=100)

    def describe(self, stream: Stream) -> Description:
        """One DescribeStreamSummary. Raises one of Skip's classes, Retry or Abort."""
        answer = self._call("DescribeStreamSummary", stream.name, StreamName=stream.name)
        summary = answer["StreamDescriptionSummary"]
        status = summary.get("StreamStatus")
        if status == "CREATING":
            raise StreamNotReady("the stream is being created", where=stream.name, remedy="The next run will find it")
        retention, shards = summary.get("RetentionPeriodHours"), summary.get("OpenShardCount")
        if retention is None or not shards:
            raise StreamUnreadable(
                "DescribeStreamSummary left out the retention or the open shards",
                where=stream.name,
                why=f"RetentionPeriodHours is {retention}, OpenShardCount is {shards}, status {status}",
                remedy="The topic keeps its catalogued values; run again when the stream is ACTIVE",
            )
        return Description(
            stream=_listed(stream.name, summary),
            open_shards=shards,
            retention_hours=retention,
            status=status,
            mode=summary.get("StreamModeDetails", {}).get("StreamMode"),
            encryption=summary.get("EncryptionType"),
            key_id=summary.get("KeyId"),
            consumers=summary.get("ConsumerCount"),
            max_record_kib=summary.get("MaxRecordSizeInKiB"),
        )

    def open_shards(self, stream: Stream) -> Iterator[ShardReader]:
        """The open shards of a stream, page by page as they are consumed. Raises as `describe` does."""
        for shard in self._shards(stream.name):
            # Simulators ignore ShardFilter; AWS: a shard is open iff it has no EndingSequenceNumber.
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
                yield ShardReader(self, stream.name, shard["ShardId"])

    def _shards(self, name: str) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        page = self._call("ListShards", name, StreamName=name, ShardFilter={"Type": "AT_LATEST"})
        while True:
            fresh = [shard for shard in page["Shards"] if shard["ShardId"] not in seen]
            seen.update(shard["ShardId"] for shard in fresh)
            yield from fresh
            if not page.get("NextToken") or not fresh:
                return
            page = self._next_shards(name, page["NextToken"], fresh[-1]["ShardId"])

    def _next_shards(self, name: str, token: str, last: str) -> dict[str, Any]:
        # AWS wants the token alone: "NextToken and StreamName cannot be provided together" (botocore#2009).
        try:
            return self._call("ListShards", name, NextToken=token)
        except (PlaceExpired, StreamUnreadable, StreamGone):
            return self._call("ListShards", name, StreamName=name, ExclusiveStartShardId=last)

    def _call(self, api: str, stream: str = "", **parameters: Any) -> dict[str, Any]:
        return self.paced_call(api, stream, parameters, lambda: self._quota.wait(api, self._stop))

    def wait_for(self, pacer: Pacer) -> None:
        pacer.wait(self._stop)

    def paced_call(self, api: str, stream: str, parameters: dict[str, Any], pace: Callable[[], None]) -> dict[str, Any]:
        """One call of the API with its retries; `pace` waits before each attempt."""
        return retry(lambda: self._once(api, stream, parameters, pace), self._stop, self._attempts)

    def _once(self, api: str, stream: str, parameters: dict[str, Any], pace: Callable[[], None]) -> dict[str, Any]:
        pace()
        started = time.monotonic()
        try:
            answer = self._answer(api, stream, parameters)
        except IngestError as error:
            if isinstance(error, Throttled):
                self._quota.slow_down(api)
            log.debug("%s %s: %s after %.0f ms", api, stream, error.cause, 1000 * (time.monotonic() - started))
            raise
        log.debug("%s %s: %.0f ms", api, stream, 1000 * (time.monotonic() - started))
        return answer

    def _answer(self, api: str, stream: str, parameters: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self._client, xform_name(api))
        try:
            answer: dict[str, Any] = method(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, api, stream) from None
        except NO_SENSE as error:
            raise _senseless(api, stream, f"its body cannot be read ({type(error).__name__})") from None
        missing = [member for member in HOLDS[api] if member not in answer]
        if missing:
            raise _senseless(api, stream, f"it holds no {missing[0]}")
        return answer


class ShardReader:
    """Reads one shard and leaves its consumers room: at most 4 calls a second of each kind, always with Limit."""

    def __init__(self, source: KinesisSource, stream: str, shard_id: str) -> None:
        self.shard_id = shard_id
        self._source = source
        self._stream = stream
        self._pacers = {api: Pacer(SHARD_READS, burst=2) for api in ("GetShardIterator", "GetRecords")}

    def iterator(self, start: datetime | None) -> str:
        """An iterator at a time, or at the oldest record for None. It lives for 5 minutes."""
        parameters: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if start is not None:
            parameters = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": start}
        answer = self._call("GetShardIterator", StreamName=self._stream, ShardId=self.shard_id, **parameters)
        return str(answer["ShardIterator"])

    def newest(self) -> str:
        """An iterator after the last record: for asking whether reading is allowed, without reading."""
        answer = self._call(
            "GetShardIterator", StreamName=self._stream, ShardId=self.shard_id, ShardIteratorType="LATEST"
        )
        return str(answer["ShardIterator"])

    def read(self, iterator: str, limit: int) -> tuple[tuple[Record, ...], str | None, int | None]:
        """Records (maybe none), the next iterator (None: the shard ends here), milliseconds behind its tip.

        Raises PlaceExpired, StreamGone, StreamDenied (also: KMS denies), StreamUnreadable, Retry, Abort.
        """
        answer = self._call("GetRecords", ShardIterator=iterator, Limit=limit)
        records = tuple(_record(raw) for raw in answer["Records"])
        return records, answer.get("NextShardIterator"), answer.get("MillisBehindLatest")

    def _call(self, api: str, **parameters: Any) -> dict[str, Any]:
        pacer = self._pacers[api]
        return self._source.paced_call(api, self._stream, parameters, lambda: self._source.wait_for(pacer))


def _listed(name: str, summary: dict[str, Any]) -> Stream:
    return Stream(name, summary.get("StreamARN"), summary.get("StreamCreationTimestamp"))


def _record(raw: dict[str, Any]) -> Record:
    return Record(
        bytes(raw["Data"]), raw.get("PartitionKey"), raw["SequenceNumber"], raw.get("ApproximateArrivalTimestamp")
    )


def translated(error: ClientError | BotoCoreError, api: str, stream: str) -> IngestError:
    """The error of ours that says what to do about one of botocore's. stream is "" for calls about the account."""
    where = _where(api, stream)
    if isinstance(error, ClientError):
        return _refused(error, api, stream, where)
    why = str(error)
    if isinstance(error, NO_CREDENTIALS):
        return AccessDenied(
            "there are no usable AWS credentials", where=where, why=why, remedy="Check keys, profile or role"
        )
    if isinstance(error, NO_ANSWER):
        return Unreachable(
            "AWS did not answer", where=where, why=why, remedy="Check the region, `endPointURL` and the network"
        )
    return Abort("the call could not be made", where=where, why=why, remedy="Check the `awsConfig` block")


def _where(api: str, stream: str) -> str:
    return f"{api} of {stream}" if stream else api


def _senseless(api: str, stream: str, why: str) -> Unreachable:
    remedy = "Check `endPointURL`, and what answers in the place of AWS (a proxy?)"
    return Unreachable("this is no answer of Kinesis", where=_where(api, stream), why=why, remedy=remedy)


def _refused(error: ClientError, api: str, stream: str, where: str) -> IngestError:
    answer = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    why = f"{code}: {answer.get('Error', {}).get('Message', '')}".rstrip(": .")
    if code in THROTTLES:
        return Throttled("AWS throttles this call", where=where, why=why, remedy="Lower `options.quota`, or run later")
    if error.operation_name == "AssumeRole" and status < 500:
        remedy = "Allow sts:AssumeRole (and sts:SetSourceIdentity) to the caller, and trust it in the role"
        return AccessDenied("the role cannot be assumed", where="awsConfig.assumeRoleArn", why=why, remedy=remedy)
    if code in BAD_CREDENTIALS:
        remedy = "Renew the credentials"
        return AccessDenied("AWS does not accept the credentials", where=where, why=why, remedy=remedy)
    if code in DENIALS:
        kind = StreamDenied if stream else AccessDenied
        return kind(
            "AWS denies this call", where=where, why=why, remedy=f"Allow kinesis:{api} (`kinesis-ingest policy`)"
        )
    if code in KMS_DENIALS:
        remedy = "Allow kms:Decrypt on the stream's key (`kinesis-ingest policy --kms`), and check that it is enabled"
        return StreamDenied("the stream's KMS key cannot be used", where=where, why=why, remedy=remedy)
    if code in EXPIRED_PLACES:
        return PlaceExpired("the place in the stream expired", where=where, why=why, remedy="Run it again")
    if status >= 500 or not code or code.isdigit() or code in ("InternalFailure", "ServiceUnavailable"):
        return Unreachable("AWS failed", where=where, why=why, remedy="Run again later")
    return _about_stream(code, where, why) if stream else _about_account(where, why)


def _about_account(where: str, why: str) -> IngestError:
    return Abort("AWS refuses this call", where=where, why=why, remedy="Check the region and `endPointURL`")


def _about_stream(code: str, where: str, why: str) -> IngestError:
    if code == "ResourceNotFoundException":
        return StreamGone("the stream is gone", where=where, why=why, remedy="Nothing to do if it was deleted")
    if code == "ResourceInUseException":
        return StreamNotReady("the stream is being changed", where=where, why=why, remedy="The next run will find it")
    return StreamUnreadable(
        "AWS refuses this call", where=where, why=why, remedy="Look the error up in AWS's documentation"
    )
