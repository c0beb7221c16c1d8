"""The call pattern of a connector that does one thing after another, for comparison.

Per stream: DescribeStreamSummary, ListShards, then GetShardIterator and GetRecords on each shard until one returns
data, then one PUT of the topic and, with samples, one of the sample. Calls as documented in the connector's public
behaviour; botocore's standard retries. The last line of output is the number of streams that came through.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError


def main(aws: str, openmetadata: str, samples: bool) -> None:
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    session = boto3.Session("bench", "bench", region_name="us-east-1")
    client = session.client("kinesis", endpoint_url=aws, config=config)
    catalogue = requests.Session()
    catalogue.headers["Authorization"] = "Bearer bench"
    api = f"{openmetadata}/api/v1"
    service = {"name": "serial", "serviceType": "Kinesis"}
    catalogue.put(f"{api}/services/messagingServices", json=service, timeout=30).raise_for_status()
    right = 0
    for name in names(client):
        try:
            topic = described(client, name)
            shards = [shard["ShardId"] for shard in client.list_shards(StreamName=name)["Shards"]]
            records = sample(client, name, shards) if samples else []
        except ClientError:
            continue
        answer = catalogue.put(f"{api}/topics", json={**topic, "partitions": len(shards)}, timeout=30)
        answer.raise_for_status()
        if records:
            path = f"{api}/topics/{answer.json()['id']}/sampleData"
            catalogue.put(path, json={"messages": records}, timeout=30).raise_for_status()
        right += 1
    sys.stdout.write(f"{right}\n")


def names(client: Any) -> list[str]:
    found: list[str] = []
    page = client.list_streams(Limit=100)
    found += page["StreamNames"]
    while page["HasMoreStreams"]:
        page = client.list_streams(Limit=100, NextToken=page["NextToken"])
        found += page["StreamNames"]
    return found


def described(client: Any, name: str) -> dict[str, Any]:
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return {"name": name, "service": "serial", "retentionTime": summary["RetentionPeriodHours"] * 3_600_000}


def sample(client: Any, name: str, shards: list[str]) -> list[str]:
    for shard in shards:
        answer = client.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        iterator = answer["ShardIterator"]
        records = client.get_records(ShardIterator=iterator, Limit=50)["Records"]
        if records:
            return [record["Data"].decode() for record in records]
    return []


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] == "1")
