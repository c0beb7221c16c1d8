"""What a fault says: where, what is wrong, what to write."""

from __future__ import annotations

import pytest

from tests.workflow_text import (
    AWS,
    CONFIG,
    EXAMPLE,
    LAST,
    SERVED,
    SOURCE,
    faults,
    text,
    told,
)


def test_all_faults_of_a_file_come_at_once_in_the_order_of_its_lines() -> None:
    raw = text(
        aws="awsAccessKeyId: AKIA\nassumeRoleArn: reader",
        metadata="generateSampelData: true\ntopicFilterPattern:\n  includes: [ok, 'a(b']",
        more="airflowConfig:\n  startDate: 2026-99-99\n  retries: two\n  endDate: soon\nunknown: !tag x\n",
    ).replace("us-east-2", "us-east-2a")
    assert [(fault.line, fault.column, fault.path.rpartition(".")[2]) for fault in faults(raw)] == [
        (9, 20, "awsRegion"),
        (10, 25, "awsAccessKeyId"),
        (11, 24, "assumeRoleArn"),
        (15, 7, "generateSampelData"),
        (17, 24, "includes[1]"),
        (27, 14, "startDate"),
        (28, 12, "retries"),
        (29, 12, "endDate"),
        (30, 1, "unknown"),
        (30, 10, "unknown"),
    ]


WRONG = {
    "a host name with a hole": (
        text(aws="endPointURL: http://kinesis..aws"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'http://kinesis..aws')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "an unknown key and a near one": (
        text(metadata="generateSampelData: true"),
        f"13:7: {CONFIG}.generateSampelData: the key `generateSampelData` is unknown."
        " Did you mean `generateSampleData`?",
    ),
    "an unknown key and no near one": (
        text(more="connections: {kafka: x}\n"),
        f"{LAST + 1}:15: connections.kafka: the key `kafka` is unknown. Allowed here: aws, openmetadata",
    ),
    "a missing key": (
        EXAMPLE.replace(AWS, "        profileName: x\n"),
        f"8:7: {SOURCE}.awsRegion: `awsRegion` is missing. Add it",
    ),
    "a key without a value": (
        EXAMPLE.replace("serviceName: orders", "serviceName:"),
        "4:15: source.serviceName: a value is missing. Write one, or remove the key",
    ),
    "a text for a block": (
        EXAMPLE.replace("  config: {}\n", "  config: none\n"),
        "15:11: sink.config: this should be a block of `key: value` pairs. Write them below the key",
    ),
    "a number for a text": (
        EXAMPLE.replace("serviceName: orders", "serviceName: 12"),
        "4:16: source.serviceName: this should be a valid string (it is '12'). Put it in quotes",
    ),
    "a text for a boolean": (
        text(metadata="markDeletedTopics: 'yes'"),
        f"13:26: {CONFIG}.markDeletedTopics: this should be a valid boolean (it is 'yes'). Write true or false",
    ),
    "a text for a number": (
        text(more="options: {concurrency: '4'}\n"),
        f"{LAST + 1}:24: options.concurrency: this should be a valid integer (it is '4')."
        " Write a whole number, without quotes",
    ),
    "a text for a list": (
        text(metadata="topicFilterPattern: {includes: orders}"),
        f"13:38: {CONFIG}.topicFilterPattern.includes: this should be a valid list (it is 'orders')."
        " Write a list like [a, b]",
    ),
    "a number out of its range": (
        text(more="options: {deletion: {maxShare: 1.5}}\n"),
        f"{LAST + 1}:32: options.deletion.maxShare: this should be less than or equal to 1 (it is '1.5'). Correct it",
    ),
    "a bad regular expression": (
        text(metadata="topicFilterPattern:\n  excludes:\n    - ok\n    - '*x'"),
        f"16:13: {CONFIG}.topicFilterPattern.excludes[1]: this is not a valid regular expression"
        r" (nothing to repeat at position 0) (it is '*x'). Escape special characters with \ "[:-1],
    ),
    "an availability zone": (
        EXAMPLE.replace("us-east-2", "us-east-2a"),
        f"9:20: {SOURCE}.awsRegion: this is an availability zone, not a region (it is 'us-east-2a'). Write 'us-east-2'",
    ),
    "the name of a place": (
        EXAMPLE.replace("us-east-2", "Ohio"),
        f"9:20: {SOURCE}.awsRegion: this is not the name of an AWS region (it is 'Ohio')."
        " Write it like us-east-2 or cn-north-1",
    ),
    "an access key without a secret": (
        text(aws="awsAccessKeyId: AKIA"),
        f"10:25: {SOURCE}.awsAccessKeyId: half a key pair: `awsSecretAccessKey` is missing. Give both keys or none",
    ),
    "a secret without an access key": (
        text(aws="awsSecretAccessKey: x"),
        f"10:29: {SOURCE}.awsSecretAccessKey: half a key pair: `awsAccessKeyId` is missing. Give both keys or none",
    ),
    "a session token alone": (
        text(aws="awsSessionToken: x"),
        f"10:26: {SOURCE}.awsSessionToken: a session token without its key pair."
        " Give `awsAccessKeyId` and `awsSecretAccessKey` too",
    ),
    "an endpoint that is no URL": (
        text(aws="endPointURL: kinesis.aws"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'kinesis.aws')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "an endpoint with half an address": (
        text(aws="endPointURL: 'http://[::1'"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'http://[::1')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "a password in a URL": (
        text(aws="endPointURL: https://ann:pass/word@kinesis/"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'https://***@kinesis/')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "a user for a role": (
        text(aws="assumeRoleArn: arn:aws:iam::123456789012:user/x"),
        f"10:24: {SOURCE}.assumeRoleArn: this is not the ARN of a role (it is 'arn:aws:iam::123456789012:user/x')."
        " Write it like arn:aws:iam::123456789012:role/name",
    ),
    "a session name that AWS refuses": (
        text(aws="assumeRoleSessionName: a b"),
        f"10:32: {SOURCE}.assumeRoleSessionName: AWS does not accept this name (it is 'a b')."
        " Use 2 to 64 of letters, digits, _+=,.@-",
    ),
    "a name that cannot be a DAG id": (
        EXAMPLE.replace("orders_kinesis", "orders kinesis"),
        "1:7: name: this cannot be a DAG id (it is 'orders kinesis'). Use letters, digits, dashes, dots, underscores",
    ),
    "a name to be resolved": (
        EXAMPLE.replace("orders_kinesis", "${TEAM}_kinesis"),
        "1:7: name: this cannot be a DAG id (it is '${TEAM}_kinesis'). Use letters, digits, dashes, dots, underscores",
    ),
    "another connector": (
        EXAMPLE.replace("type: kinesis", "type: kafka"),
        "3:9: source.type: this is not one of 'kinesis' (it is 'kafka'). Write 'kinesis'",
    ),
    "a near value": (
        EXAMPLE.replace("metadata-rest", "metadata_rest"),
        "14:9: sink.type: this is not one of 'metadata-rest' or 'file' (it is 'metadata_rest')."
        " Did you mean 'metadata-rest'?",
    ),
    "a near value in lower case": (
        EXAMPLE.replace("workflowConfig:\n", "workflowConfig:\n  loggerLevel: Warning\n"),
        "17:16: workflowConfig.loggerLevel: this is not one of 'DEBUG', 'INFO', 'WARN' or 'ERROR' (it is 'Warning')."
        " Did you mean 'WARN'?",
    ),
    "no schedule": (
        text(more="airflowConfig:\n  scheduleInterval: fortnightly\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is 'fortnightly')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a cron line with an impossible minute": (
        text(more="airflowConfig:\n  scheduleInterval: 99 * * * *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is '99 * * * *')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a cron line that no day matches": (
        text(more="airflowConfig:\n  scheduleInterval: 0 0 30 2 *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: no day matches this schedule (it is '0 0 30 2 *')."
        " Correct its day and month",
    ),
    "a cron line that says another moment to each who reads it": (
        text(more="airflowConfig:\n  scheduleInterval: R R * * *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is 'R R * * *')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a number beyond Airflow's database": (
        text(more="airflowConfig:\n  maxActiveRuns: 99999999999\n"),
        f"{LAST + 2}:18: airflowConfig.maxActiveRuns: this should be less than or equal to 10000"
        " (it is '99999999999'). Correct it",
    ),
    "a time zone on another planet": (
        text(more="airflowConfig:\n  pipelineTimezone: Mars/Olympus\n"),
        f"{LAST + 2}:21: airflowConfig.pipelineTimezone: this time zone is unknown (it is 'Mars/Olympus')."
        " Write it like Europe/Berlin",
    ),
    "a time zone that is nearly one": (
        text(more="airflowConfig:\n  pipelineTimezone: Europe/Berlim\n"),
        f"{LAST + 2}:21: airflowConfig.pipelineTimezone: this time zone is unknown (it is 'Europe/Berlim')."
        " Did you mean 'Europe/Berlin'?",
    ),
    "a time zone that is another one on each machine": (
        text(more="airflowConfig:\n  pipelineTimezone: localtime\n"),
        f"{LAST + 2}:21: airflowConfig.pipelineTimezone: this time zone is another one on each machine"
        " (it is 'localtime'). Write it like Europe/Berlin",
    ),
    "no date": (
        text(more="airflowConfig:\n  startDate: soon\n"),
        f"{LAST + 2}:14: airflowConfig.startDate: this should be a valid datetime (it is 'soon')."
        " Write a UTC time like 2026-11-01 or 2026-11-01T06:30:00Z",
    ),
    "a date before all dates": (
        text(more="airflowConfig:\n  startDate: 0001-01-01T00:00:00+14:00\n"),
        f"{LAST + 2}:14: airflowConfig.startDate: this should be a valid datetime (it is '0001-01-01T00:00:00+14:00')."
        " Write a UTC time like 2026-11-01 or 2026-11-01T06:30:00Z",
    ),
    "an end before its start": (
        text(more="airflowConfig:\n  startDate: 2026-11-02\n  endDate: 2026-11-01\n"),
        f"{LAST + 3}:12: airflowConfig.endDate: the end lies before `startDate`. Swap or correct them",
    ),
    "no redaction rule": (
        text(more="options:\n  sample: {redact: [email, phone]}\n"),
        f"{LAST + 2}:28: options.sample.redact[1]: 'phone' is no detector: they are email, card, iban, us_ssn, aws_key,"
        " jwt, ip. A field of that name is written $.phone (it is 'phone'). Correct it",
    ),
    "no position": (
        text(more="options:\n  sample: {position: newest}\n"),
        f"{LAST + 2}:22: options.sample.position: this is not a position (it is 'newest')."
        " Write latest, horizon, or a UTC time like 2026-11-01T00:00:00Z",
    ),
    "a server and no sink": (
        EXAMPLE.replace("sink:\n  type: metadata-rest\n  config: {}\n", ""),
        f"14:3: {SERVED}: an OpenMetadata server is named but no sink."
        " Add `sink: {type: metadata-rest, config: {}}`, or `type: file` to write to a file",
    ),
    "a sink and no server": (
        EXAMPLE[: EXAMPLE.index("workflowConfig")],
        "13:1: sink: the sink `metadata-rest` needs a server."
        " Add `workflowConfig.openMetadataServerConfig`, or `connections.openmetadata`",
    ),
    "a server and no token": (
        EXAMPLE[: EXAMPLE.index("    securityConfig")],
        f"17:3: {SERVED}: `securityConfig.jwtToken` is missing. Add the JWT of a bot",
    ),
    "a path for a server": (
        EXAMPLE.replace("  config: {}\n", "  config: {path: x}\n"),
        "15:18: sink.config.path: `path` belongs to the sink `file`. Remove it, or write `type: file`",
    ),
    "a check of certificates without one": (
        text(server="verifySSL: validate"),
        f"21:16: {SERVED}.verifySSL: `validate` without `sslConfig.caCertificate`. Give the path of the CA certificate",
    ),
    "no way to AWS": (
        EXAMPLE[: EXAMPLE.index("  serviceConnection")] + EXAMPLE[EXAMPLE.index("  sourceConfig") :],
        "2:1: source: nothing says how to reach AWS."
        " Add `serviceConnection.config.awsConfig.awsRegion`, or `connections.aws`",
    ),
}


@pytest.mark.parametrize(("raw", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_says_where_it_is_what_is_wrong_and_what_to_write(raw: str, message: str) -> None:
    assert told(raw) == [message]


def test_a_file_whose_stem_cannot_be_a_dag_id_says_so() -> None:
    [fault] = faults(EXAMPLE.replace("name: orders_kinesis\n", ""), file="my orders.yaml")
    assert str(fault).startswith("my orders.yaml:1:1: name: this cannot be a DAG id (it is 'my orders').")


def test_a_long_value_is_cut_in_its_fault() -> None:
    [fault] = faults(EXAMPLE.replace("us-east-2", "x" * 500))
    assert f"(it is '{'x' * 77}...')" in fault.problem


def test_a_value_that_cannot_be_read_is_told_once() -> None:
    """It is no date, and so it is no name either: one fault, not two."""
    [fault] = faults(EXAMPLE.replace("serviceName: orders", "serviceName: 2026-99-99"))
    assert fault.problem == "this is not a valid timestamp"
