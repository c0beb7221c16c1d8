"""redact.py: what the rules name leaves the process as ***, everything else byte for byte; in doubt, less is shown."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Message
from airflow_kinesis_ingest.engine.records import codecs
from airflow_kinesis_ingest.engine.records.decode import decode, truncate
from airflow_kinesis_ingest.engine.records.detectors import DETECTORS
from airflow_kinesis_ingest.engine.records.redact import NO_JSON, Redactor
from tests.corpus import CASES, Case, lookup
from tests.corpus import writers as w
from tests.corpus.cases import AVRO_ID, SALE, SALES

SECRETS = {
    "email": ["ann@example.com", "o.neil+tag@mail.example.co.uk", "иван@почта.рф", "a_b%c@x-y.io",
              "andre\u0301@example.com", "संपर्क@डाटामेल.भारत", "user%40example.com", "user%2540example.com",
              "user\uff20example.com", "user&#64;example.com", "user\\x40example.com", "user@[192.168.2.1]",
              "user@[IPv6:2001:db8::1]", "user@10.0.0.7", "用户@例子.公司", "ann_x.com#EXT#@x.onmicrosoft.com",
              "ann@163.com", "ann=40example.com", "ann&commat;example.com", "ann@xn--mller-kva.example",
              "ann@mail.corp.local", "ann@[ipv6:2001:db8::1]", "ann@[IPv6:fe80::1%eth0]",
              "ann\uff20example\u3002co\u3002jp", "ann%u0040example.com", "ann\\u{40}example.com",
              "ann\\U00000040example.com", "ann&commat;example&period;com"],
    "card": ["4111111111111111", "4111 1111 1111 1111", "5500-0055-5555-5559", "378282246310005", "6011000990139424",
             "4222222222222", "2223000048400011", "4111\u00a01111\u00a01111\u00a01111", "4111.1111.1111.1111",
             "3782\t822463\t10005", "4111\u20131111\u20131111\u20131111", "4111/1111/1111/1111", "4111_1111_1111_1111",
             "4111+1111+1111+1111", "4111%201111%201111%201111", "4111\u20091111\u20091111\u20091111",
             "4111 - 1111 - 1111 - 1111", "\uff14\uff11\uff11\uff11 1111 1111 1111", "4222 2222 2222 2",
             "4111|1111|1111|1111", "4111:1111:1111:1111", "6331101999990016", "4111--1111--1111--1111",
             "4111&nbsp;1111&nbsp;1111&nbsp;1111", "4111&ndash;1111&ndash;1111&ndash;1111",
             "4111\u20431111\u20431111\u20431111", "4111\ufeff1111\ufeff1111\ufeff1111",
             "30569309025904", "6759649826438453", "3530111333300000"],
    "iban": ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432",
             "no9386011117947", "MT84MALT011000012345MTLCAST001S", "DE89.3704.0044.0532.0130.00",
             "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "DE89%203704%200044%200532%200130%2000",
             "DE89\u20133704\u20130044\u20130532\u20130130\u201300", "MA64011519000001205000534921"],
    "us_ssn": ["123-45-6789", "078 05 1120", "123.45.6789", "123/45/6789", "123\u201345\u20136789",
               "123\u00a045\u00a06789", "123 - 45 - 6789", "123%2D45%2D6789", "123+45+6789",
               "123_45_6789", "123\u00b745\u00b76789", "123&nbsp;45&nbsp;6789",
               "\uff11\uff12\uff13-45-6789"],
    "aws_key": ["wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY", "a7Kp%2fZq3%2bRt9LmXv2BnYw8CdEfGh4JkQsT6uVb1o",
                "AKIAIOSFODNN7EXAMPLE", "ASIAJEXAMPLEXEG2JICE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "IQoJ" + "b3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJ/" * 6 + "=="],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZ", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ",
            "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXZpdml2aXY.Y2lwaGVydGV4dA.dGFndGFndGFn",
            "ewogICJhbGciOiAiSFMyNTYiCn0.eyJzdWIiOiIxIn0.TJVA95OrM7E2cBab30RMHrHD",
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9Cg==.eyJzdWIiOiIxIn0=.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZ=="],
    "ip": ["10.0.0.1", "255.255.255.255", "2001:db8::8a2e:370:7334", "::1", "fe80::1", "::ffff:192.0.2.1",
           "2001%3Adb8%3A%3A1", "fe80::1ff:fe23:4567:890a%en1", "192.168.001.010", "64:ff9b::192.0.2.33", "2001:DB8::"],
}  # fmt: skip
HARMLESS = {
    "email": ["@timestamp", "a@b", "user @ example.com", "@example.com", "twitter.com/@ann", "lodash@4.17.21",
              "vue@3.2.0-rc.1", "image@2x.png", "logo@dark.svg", "@babel/core@7.24.0",
              "git@github.com:apache/airflow.git", "ssh://git@github.com/apache/airflow", "getty@tty1.service",
              "this@Page.finish()", "'%@example.com'",
              "icon@2x.heic", "ann@Bar.class", "fix@1234.diff", "dump@2026-11-24.sh", "x@w.T", "memcpy@GLIBC_2.14",
              "checkout@v4.1.7", "this@Page.title"],
    "card": ["4111111111111112", "1234567890123452", "411111111111", "41111111111111111111", "1700000000000000",
             "0.4111111111111111", "411.1111111111116", "299.9899999999999948", "4111  1111  1111  1111",
             "352099001761481", "490154203237518", "35-209900-176148-1", "4006381333931", "+4915112345671",
             "41111111-1111-4111-8111-111111111111", "7111111111111117", "4111,1111,1111,1111",
             "4263982640269299a8f3b2c4d5e6f708",
             "1541815603606036480"],
    "iban": ["DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130000", "ZZ89370400440532013000",
             "XDE89370400440532013000"],
    "us_ssn": ["000-12-3456", "666-12-3456", "912-34-5678", "123-00-4567", "123-45-0000", "123456789", "1123-45-6789",
               "123-45-67890", "123-45 6789", "+41 123 45 6789", "v123.45.6789", "/123/45/6789", "img_123_45_6789.png",
               "Chrome/123.45.6789.0", "release 123.45.6789",
               "tel. 030 12 3456"],
    "aws_key": ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "AKIA", "akiaiosfodnn7example",
                "0123456789012345678901234567890123456789", "org/apache/kafka/clients/Producer2Config",
                "AbstractSingletonProxyFactoryBean2Config", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                "K8s/Deployments/Default/Nginx/Container1"],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9", "payload.eyJ.x", "eyJazzband.example.com", "eyJhdata-table.min.js"],
    "ip": ["1.2.3", "1.2.3.4.5", "256.1.1.1", "12:34:56", "aa:bb:cc:dd:ee:ff", "std::vector", "1.2.3.456", " :: ",
           "9a:" * 19 + "bb", "a::b", "cafe::babe", "f64::add", "::bad", "x[::2]", "x[1::2]", "v1.2.3.4",
           "foo==1.2.3.4", "version: 1.2.3.4", "Chrome/120.0.0.0", "lib-1.2.3.4.jar", "00:11:22:33:44:55:66:77",
           "Lib.1.2.3.4.nupkg", "rev. 1.2.3.4", "~> 1.2.3.4", "lib (>= 1.2.3.4)",
           "1.2.3.4-SNAPSHOT", "1.2.3.4.Final", "1.2.3.4-rc1", "1.2.3.4-1ubuntu2", "x[:, ::2]"],
}  # fmt: skip
PAIRS = [(name, secret) for name, secrets in SECRETS.items() for secret in secrets]
WORDS = st.text("abc {}[]\":,.\\\n'é1@-", max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcde"), inner, max_size=3),
    max_leaves=12,
)
quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def shown(rules: list[str], record: str | bytes) -> str:
    """The record as the catalogue would show it under the rules."""
    data = record.encode() if isinstance(record, str) else record
    return "\n".join(Redactor(rules).redact(message).text for message in decode(data, schemas=lookup))


# Detectors


@pytest.mark.parametrize(("name", "secret"), PAIRS)
def test_a_detector_hides_what_it_is_named_after(name: str, secret: str) -> None:
    """Alone, in a sentence, in quotes, at its end, in JSON, and in JSON that writes it in escapes; nothing more."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret)
    for template in ("see {}", "{} there", "see {} there", "'{}'", "see {}.", "({}), x", "key: {}"):
        assert shown([name], template.format(secret)) == template.format("***")
    assert shown([name], f'{{"a":"{secret}", "b" : [1,"x {secret} y"]}}') == '{"a":"***", "b" : [1,"x *** y"]}'
    assert shown([name], f'{{"a":"{escaped}","b":"\\u00e9"}}') == '{"a":"***","b":"\\u00e9"}'


@pytest.mark.parametrize(
    ("name", "before", "secret"),
    [
        ("aws_key", "AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("aws_key", "AWS_SESSION_TOKEN=", SECRETS["aws_key"][-1]),
        ("aws_key", "?X-Amz-Security-Token=", SECRETS["aws_key"][-1]),
        ("aws_key", "x/", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("aws_key", "aB/", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("us_ssn", "SSN: ", "123456789"),
        ("us_ssn", "social security number is ", "123456789"),
        ("us_ssn", "Social Security Number (SSN): ", "123456789"),
        ("us_ssn", "<SSN>", "123456789"),
        ("us_ssn", "customerSsn=", "123456789"),
        ("us_ssn", "ssn_number: ", "123456789"),
        ("us_ssn", "'ssn' => '", "123456789"),
        ("us_ssn", "ssn->", "123456789"),
        ("us_ssn", "SSN no. ", "123456789"),
        ("ip", "地址", "::1"),
        ("aws_key", "vault/prod/aws-", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("jwt", "Bearer%20", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ"),
        ("jwt", "id_", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ"),
        ("email", "next=%2Fu%3Fto%3D", "ann%40example.com"),
        ("email", "邮箱是", "ann@example.com"),
        ("ip", "ip.src==", "10.0.0.1"),
        ("ip", "server: ", "10.0.0.1"),
        ("ip", "localhost/", "127.0.0.1"),
        ("ip", "Anna/", "10.0.0.7"),
        ("ip", "Broker/", "203.0.113.7"),
        ("email", "to=", "ann@team.target"),
        ("us_ssn", "ssn-", "123-45-6789"),
        ("iban", "IBAN", "DE89370400440532013000"),
        ("ip", "client_ip:", "2001:db8::8a2e:370:7334"),
        ("ip", "source:", "2001:db8::1"),
        ("ip", "ipv6:", "2001:db8::1"),
        ("ip", "v6_", "2001:db8::1"),
        ("email", "to:", '"ann lee"@example.com'),
    ],
)
def test_a_secret_right_behind_its_name_is_hidden(name: str, before: str, secret: str) -> None:
    """As in environment variables, query strings and log lines; the name stays."""
    assert shown([name], before + secret) == f"{before}***"
    assert shown([name], f'{{"line": "{before}{secret}"}}') == f'{{"line": "{before}***"}}'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("aws_key", '2026 INFO {"k":"wJalrXUtnFEMI\\/K7MDENG\\/bPxRfiCYEXAMPLEKEY"}', '2026 INFO {"k":"***"}'),
        ("email", 'INFO {"e":"ann\\u0040example.com","n":1}', 'INFO {"e":"***","n":1}'),
        ("email", 'INFO {"e":"andr\\u00e9@example.com"}', 'INFO {"e":"***"}'),
        ("iban", 'INFO {"m":"to\\nDE89370400440532013000"}', 'INFO {"m":"to\\n***"}'),
        ("jwt", 'INFO {"m":"a\\teyJhbGciOiJub25lIn0.eyJhIjoxfQ"}', 'INFO {"m":"a\\t***"}'),
    ],
)
def test_a_secret_in_escapes_is_hidden_at_any_depth(name: str, text: str, expected: str) -> None:
    """JSON in a log line, that line in JSON as CloudWatch has it, and this once more."""
    for _ in range(3):
        assert shown([name], text) == expected
        text, expected = json.dumps({"message": text}), json.dumps({"message": expected})


def test_what_only_looks_like_an_escape_is_hidden_as_it_stands() -> None:
    """A domain's user: of the name that begins like an escape no letter is left."""
    assert shown(["email"], "CORP\\bob@example.com") == "CORP***"
    assert shown(["card"], "\\u4111111111111111") == "***"


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in HARMLESS.items() for text in texts])
def test_a_detector_leaves_what_only_looks_like_it(name: str, text: str) -> None:
    """Wrong checksums, wrong lengths, versions, hashes, clocks and decimals stay."""
    for template in ("see {}", "{} there", "see {} there", '{{"a":"{}"}}'):
        assert shown([name], template.format(text)) == template.format(text)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_is_tested(name: str) -> None:
    """On both sides."""
    assert SECRETS[name]
    assert HARMLESS[name]


def test_a_card_behind_a_date_is_hidden_whole() -> None:
    """Digits in groups are tried from every group on."""
    assert "1111" not in shown(["card"], "2026-11-02 4111 1111 1111 1111")


def test_ibans_next_to_words_and_to_each_other() -> None:
    """The word behind an IBAN in groups is not part of it."""
    text = "DE89 3704 0044 0532 0130 00 FROM GB82WEST12345698765432"
    assert shown(["iban"], text) == "*** FROM ***"


def test_a_long_number_in_json_is_searched() -> None:
    """A card number without quotes is one still, and alone in a record too; a float is none."""
    assert shown(["card"], "4111111111111111") == '"***"'
    assert shown(["card"], '{"n":4111111111111111,"f":0.4111111111111111}') == '{"n":"***","f":0.4111111111111111}'


def test_names_of_fields_are_searched() -> None:
    """A map keyed by e-mail addresses shows none of them."""
    assert shown(["email"], '{"ann@example.com":{"n":1}}') == '{"***":{"n":1}}'


def test_what_stands_before_a_value_of_json_says_what_it_is() -> None:
    """The name of its field does, for strings and numbers; the same digits elsewhere stay."""
    assert shown(["us_ssn"], '{"ssn":"123456789","n":123456789}') == '{"ssn":"***","n":123456789}'
    assert shown(["us_ssn"], '{"ssn": 123456789}') == '{"ssn": "***"}'
    assert shown(["us_ssn"], '{"ssn":123456789}') == '{"ssn":"***"}'
    assert shown(["us_ssn"], '{"ssn":[123456789]}') == '{"ssn":["***"]}'
    assert shown(["ip"], '{"version":"10.0.0.1","host":"10.0.0.1"}') == '{"version":"10.0.0.1","host":"***"}'


def test_an_address_before_a_colon_is_hidden() -> None:
    """As in the message of an error."""
    assert shown(["ip"], "dial 2001:db8::1: refused, ::1: too") == "dial ***: refused, ***: too"


def test_a_card_is_no_part_of_an_account() -> None:
    """Nor a part of a JWT a key of AWS, though both look like it."""
    assert shown(["card"], "ES85-5165-1960-8342-7639-8344") == "ES85-5165-1960-8342-7639-8344"
    token = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJzdWIiOiIxIn0.TJVA95OrM7E2cBab30RMHrHDcEfxjoYZ"
    assert shown(["aws_key"], token) == token


def test_detectors_work_together() -> None:
    """Findings that touch or overlap leave one mark each and no remains."""
    record = "ann@10.0.0.1 eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.x@example.com 10.0.0.1"
    assert shown(["email", "ip", "jwt"], record) == "*** *** ***"


# Paths


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("$.customer.email", '{"customer":{"email":"***","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("customer.email", '{"customer":{"email":"***","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("$['customer']['email']",
         '{"customer":{"email":"***","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("$.customer", '{"customer":{"email":"***","n":"***"},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("items[].card",
         '{"customer":{"email":"e","n":1},"items":[{"card":"***"},{"card":["***","***"]}],"email":"f"}'),
        ("$.items[*].card",
         '{"customer":{"email":"e","n":1},"items":[{"card":"***"},{"card":["***","***"]}],"email":"f"}'),
        ("items.card",
         '{"customer":{"email":"e","n":1},"items":[{"card":"***"},{"card":["***","***"]}],"email":"f"}'),
        ("*.email", '{"customer":{"email":"***","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("$.email", '{"customer":{"email":"e","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"***"}'),
        ("$.*", '{"customer":{"email":"***","n":"***"},"items":[{"card":"***"},{"card":["***","***"]}],"email":"***"}'),
        ("$.nothing", '{"customer":{"email":"e","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
        ("$.Email", '{"customer":{"email":"e","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'),
    ],
)  # fmt: skip
def test_paths(rule: str, expected: str) -> None:
    """A path hides the field and all below it, at that place only, through arrays; containers keep their form."""
    record = '{"customer":{"email":"e","n":1},"items":[{"card":"c"},{"card":[2,"d"]}],"email":"f"}'
    assert shown([rule], record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"a":true,"b":false}', '{"a":"***","b":false}'),
        ('{"a":null}', '{"a":null}'),
        ('{"a":-1.5e3 , "b":1}', '{"a":"***" , "b":1}'),
        ('{"a":{},"b":[]}', '{"a":{},"b":[]}'),
        ('{"\\u0061":"x"}', '{"\\u0061":"***"}'),
        ('{"a":"x","a":"y"}', '{"a":"***","a":"***"}'),
        ('[{"a":1},{"b":2}]', '[{"a":"***"},{"b":2}]'),
        ('{"a":NaN}', '{"a":"***"}'),
        ('\ufeff{"a":1}', '\ufeff{"a":"***"}'),
        ('{"a":1,"b":2}\n{"a":2}\n', '{"a":"***","b":2}\n{"a":"***"}\n'),
        ('{"a":1}{"a":2}', '{"a":"***"}{"a":"***"}'),
        ('{"a":' + "[" * 3000 + '"x"' + "]" * 3000 + "}", '{"a":' + "[" * 3000 + '"***"' + "]" * 3000 + "}"),
        ('{"a":' + "9" * 5000 + "}", '{"a":"***"}'),
    ],
)
def test_what_a_hidden_value_becomes(record: str, expected: str) -> None:
    """Strings, numbers and truth values become "***", null stays; however it is written, lines and depth included."""
    assert shown(["$.a"], record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"a":"secret', '{"a":***'),
        ('{"b":1,"a', '{"b":1,***'),
        ("{'a': 'secret'}", "{***"),
        ('{"b":1, a: "secret"}', '{"b":1, ***'),
        ('{"b":1 "a":"secret"}', '{"b":1 ***'),
        ('{"b" "a":"secret"}', '{"b" ***'),
        ('[1,{"b":"\\x","a":"secret"}]', '[1,{"b":***'),
        ('{"b":x,"a":"secret"}', '{"b":***'),
        ("[secret] logged in", "[***"),
        ('["b"] is secret', '["b"] ***'),
        ("{} secret", "{} ***"),
    ],
)
def test_what_stops_being_json_is_hidden_from_there_on(record: str, expected: str) -> None:
    """A path cannot be followed in a record that is cut or malformed, so nothing behind that point is shown."""
    assert shown(["$.a"], record) == expected


@pytest.mark.parametrize("text", ['"x" 123-45-6789', '{"a":1} 123 45 6789', "[1] 4111 1111 1111 1111"])
def test_a_secret_in_several_tokens_is_hidden(text: str) -> None:
    """What begins like JSON and goes on as text is searched as text, too."""
    assert shown(["us_ssn", "card"], text) == text[: text.index(" ")] + " ***"


def test_without_a_path_malformed_json_is_only_searched() -> None:
    """Detectors need no structure."""
    assert shown(["email"], "[INFO] mail to ann@example.com, x") == "[INFO] mail to ***, x"


@pytest.mark.parametrize(
    "text",
    ["ann@example.com,42", "email=ann", "<email>ann</email>", "email: ann\nid: 1", "a,b\n1,2", "ann", "id,email"],
)
def test_a_text_that_no_path_can_be_followed_in_is_hidden_and_says_so(text: str) -> None:
    """Plain text, XML, rows without a header, a header without the name: what is there, nobody knows."""
    assert shown(["$.email"], text) == NO_JSON
    assert "options.sample.redact" in NO_JSON


@pytest.mark.parametrize("text", ['"ann@example.com"', "4111111111111111", "true"])
def test_a_lone_value_has_no_name_and_is_hidden(text: str) -> None:
    """It is JSON, but no field that a path could spare; null says nothing."""
    assert shown(["$.email"], text) == '"***"'
    assert shown(["$.email"], "null") == "null"
    assert shown(["ip"], text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,email\n1,ann\n2,bob\n", "id,email\n1,***\n2,***\n"),
        ("email\nann\nbob", "email\n***\n***"),
        ("\ufeffEmail;id\r\nann;1\r\n;2\r\n", "\ufeffEmail;id\r\n***;1\r\n;2\r\n"),
        ("id\tcustomer.email\n1\tann", "id\tcustomer.email\n1\t***"),
        ('"id","email"\n"1","a ""b"", c\nd"\n2,x', '"id","email"\n"1",***\n2,***'),
        ("id|email|email\n1|a|b\n\n", "id|email|email\n1|***|***\n\n"),
        ("id,email\n1,ann\n2\n3,bob,x", "id,email\n1,***\n***"),
        ('id,email\n1,"ann\n2,bob', "id,email\n***"),
    ],
)
def test_a_path_hides_the_column_of_its_name(text: str, expected: str) -> None:
    """Below a header that has it, in any case, whatever separates the columns; what breaks the table is hidden on."""
    assert shown(["$.customer.email"], text) == expected


def test_detectors_look_into_the_other_columns() -> None:
    """A table that is shown is searched like any text."""
    assert shown(["$.email", "ip"], "id,email,ip\n1,ann,10.0.0.1") == "id,email,ip\n1,***,***"


@pytest.mark.parametrize(
    "before",
    ["\x1e", "1\n", "null\n", "data: ", "\x0c", "\xa0", "2026-11-01 INFO ", "WARN 2026-11-01T10:00:00.123Z - "],
)
def test_a_path_holds_behind_whatever_stands_before_the_json(before: str) -> None:
    """Record separators, event streams, counts and times: the JSON behind them is read."""
    assert shown(["$.a"], f'{before}{{"a":"secret","b":1}}') == f'{before}{{"a":"***","b":1}}'
    assert shown(["$.a", "email"], f'x@y.zz\n{before}{{"b":"x@y.zz"}}') == f'***\n{before}{{"b":"***"}}'


@pytest.mark.parametrize("before", ["// c\n", "ann ", "a=ann ", "123-45-6789 ", "4111 1111 ", "b,", "2026-11-01 ann "])
def test_what_may_be_a_value_before_the_json_is_hidden(before: str) -> None:
    """No path says what it is."""
    assert shown(["$.a"], f'{before}{{"a":"secret","b":1}}') == '***{"a":"***","b":1}'


def test_a_path_does_not_lead_into_a_string() -> None:
    """JSON in a string is text: hide the whole field."""
    record = json.dumps({"m": json.dumps({"a": "secret"})})
    assert shown(["$.m.a"], record) == record
    assert shown(["$.m"], record) == '{"m": "***"}'


# Rules


@pytest.mark.parametrize(
    "rule",
    ["emial", "password", "ssn", "EMAIL", "", "$", "$.", ".", "a..b", "$..a", "a b.c", "items[0].x", "[", "a[b]"],
)
def test_a_rule_that_is_neither_is_refused(rule: str) -> None:
    """The message shows the rule, names every detector, and says how to write a field at the top."""
    with pytest.raises(ValueError, match="email, card, iban, us_ssn, aws_key, jwt, ip") as refused:
        Redactor([rule])
    assert repr(rule) in str(refused.value)
    assert "$." in str(refused.value)


def test_without_rules_nothing_changes() -> None:
    """The very same message comes back, binary ones too."""
    for message in (*decode(b'{"email":"ann@example.com"}'), *decode(b"\xff")):
        assert Redactor([]).redact(message) is message


@pytest.mark.parametrize("rule", ["email", "$.nowhere"])
def test_what_no_rule_names_is_the_same_message(rule: str) -> None:
    """Not even a copy is made."""
    (message,) = decode(b'{"a": [1.50, "\\u0041"] }')
    assert Redactor([rule]).redact(message) is message


# Forms


@pytest.mark.parametrize("rule", ["ip", "$.a"])
@pytest.mark.parametrize("data", [b"\xff\xfe4111111111111111", w.gzip(b"x")[:-1], b"a\x00b", w.glue(AVRO_ID, b"\x01")])
def test_binary_is_not_shown(rule: str, data: bytes) -> None:
    """Base64 hides what detectors look for: with any rule only the media type is left, truncated or not."""
    (message,) = decode(data, schemas=lookup)
    media_type = message.text.partition(";base64")[0]
    assert Redactor([rule]).redact(message).text == f"{media_type};redacted,***"
    assert "base64" not in Redactor([rule]).redact(truncate(message, 60)).text


@pytest.mark.parametrize("kept", [10, 39])
def test_nothing_is_shown_of_a_secret_that_an_inflated_text_is_cut_in(kept: int) -> None:
    """The 40 characters that a detector wants are not all there: the end of what is left is dropped."""
    secret = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    record = b"x y " * (codecs.KEPT_OF_CUT // 4 - 10) + b" " * (40 - kept) + secret + b" " * MIB
    text = shown(["aws_key"], w.gzip(record))
    assert "wJal" not in text
    assert text.startswith("x y " * 1000)
    assert text.endswith("… [truncated]")
    assert shown(["$.a"], w.gzip(record)) == NO_JSON


def test_a_plain_text_that_ends_like_a_cut_one_is_shown_whole() -> None:
    """Whoever wrote it cut it, not this program."""
    assert shown(["email"], "something… [truncated]") == "something… [truncated]"


def test_bytes_inside_decoded_records_are_not_shown() -> None:
    """The same for bytes in Avro, MessagePack and CBOR."""
    blob = {"blob": b"ann@example.com"}
    for record in (w.msgpack(blob), w.cbor(blob)):
        assert shown(["ip"], record) == '{"blob": "data:application/octet-stream;redacted,***"}'
    assert ";base64" not in shown(["ip"], w.avro_container(SALE, SALES))


def test_avro_is_redacted_like_json() -> None:
    """By the names of its fields."""
    assert '"sku": "***", "price": 1.5' in shown(["lines[].sku"], w.avro_container(SALE, SALES))


def test_the_value_follows_the_text() -> None:
    """Nobody finds in the value what the text hides; format, layers and schema stay."""
    (message,) = decode(w.gzip(b'{"a":"x","b":1}'))
    redacted = Redactor(["$.a"]).redact(message)
    assert redacted.value == {"a": "***", "b": 1}
    (lines,) = decode(b'{"a":"x"}\n{"a":"y"}')
    assert Redactor(["$.a"]).redact(lines) == Message('{"a":"***"}\n{"a":"***"}', "text")
    assert (redacted.format, redacted.layers) == (message.format, message.layers)


@quick
@given(JSON.filter(lambda value: isinstance(value, (dict, list))), st.integers(0, 1))
@example({"d": {"\ud800": ["\ud800", "ann@example.com \ud800"]}}, 1)
def test_json_stays_json_of_the_same_form(value: Any, indent: int) -> None:
    """Hidden or not, every container, name and null is where it was, and what is not hidden is equal."""
    (message,) = decode(json.dumps(value, indent=indent or None).encode())
    redacted = Redactor(["$.a", "$.b.c", "email"]).redact(message)
    assert_masked(value, json.loads(redacted.text), ((("a",)), ("b", "c")))
    assert redacted.value == json.loads(redacted.text)
    redacted.text.encode()


def assert_masked(before: Any, after: Any, paths: tuple[tuple[str, ...], ...], *, hidden: bool = False) -> None:
    """The rule once more, by recursion over values instead of a scan of the text."""
    if isinstance(before, dict):
        assert before.keys() == after.keys()
        for key, inner in before.items():
            rest = tuple(path[1:] for path in paths if path[0] == key)
            assert_masked(inner, after[key], tuple(filter(None, rest)), hidden=hidden or () in rest)
    elif isinstance(before, list):
        assert len(before) == len(after)
        for inner, shown_inner in zip(before, after, strict=True):
            assert_masked(inner, shown_inner, paths, hidden=hidden)
    elif isinstance(before, str) and "@" in before and not hidden:
        assert "ann@example.com" not in after
    else:
        assert after == ("***" if hidden and before is not None else before)


@quick
@given(WORDS, st.sampled_from(PAIRS), WORDS)
def test_no_text_shows_a_secret(before: str, pair: tuple[str, str], after: str) -> None:
    """Whatever stands around it, JSON or half of it, and whatever the other rules are."""
    name, secret = pair
    assert secret not in shown([name, "$.a"], f'{before} "{secret}" {after}')


TEXTS = st.lists(
    WORDS | st.sampled_from([secret for _, secret in PAIRS] + [text for texts in HARMLESS.values() for text in texts])
    | st.sampled_from(["%40", "%2F", "&#64;", "\\u0040", "\uff20", "\u2013", "://", "=", "\n", "id,email\n"]),
    max_size=6,
).map("".join)  # fmt: skip
ALL = Redactor(list(DETECTORS))
RULES = st.sampled_from([[*DETECTORS], ["$.a"], [*DETECTORS, "$.a", "*.email"]])


@quick
@given(TEXTS)
@example("4111111111111111wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY")
@example("4111111111111111-123-45-6789")
@example("ann@example.comrelease 123.45.6789")  # the word that told it from one went with the address
def test_what_was_masked_has_nothing_left_to_mask(text: str) -> None:
    """Nor is there, where two secrets touch and one hides where the other begins."""
    assert ALL.mask(ALL.mask(text)) == ALL.mask(text)


@quick
@given(TEXTS, RULES)
def test_a_message_redacted_twice_is_redacted_once(text: str, rules: list[str]) -> None:
    """Nothing that the first time left is hidden by a second."""
    once = shown(rules, text)
    assert once == NO_JSON or shown(rules, once) == once


@quick
@given(TEXTS, RULES)
def test_a_text_grows_by_a_mark_for_each_finding_only(text: str, rules: list[str]) -> None:
    """A mark has five characters with its quotes, a finding at least one; what a path hides may be a lone digit."""
    assert len(shown(rules, text)) <= max(5 * len(text), len(NO_JSON))


@quick
@given(TEXTS)
def test_outside_of_findings_no_character_changes(text: str) -> None:
    """What is left between marks is the text's, in order; a text without a finding is the very same."""
    masked, position = ALL.mask(text), 0
    for piece in masked.split("***"):
        position = text.index(piece, position) + len(piece)
    assert text.startswith(masked.partition("***")[0])
    assert text.endswith(masked.rpartition("***")[2])
    assert ALL.found(text) or masked is text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_corpus_is_redacted_without_error(case: Case) -> None:
    """Every record of every format, under all rules."""
    redactor = Redactor([*DETECTORS, "$.id", "*.name", "items[].sku"])
    for message in decode(case.data, schemas=lookup):
        redacted = redactor.redact(message)
        assert isinstance(redacted, Message)
        assert "base64," not in redacted.text or message.format == "text"


MIB = 1 << 20
ADVERSARIES = [
    "a", "1", "4", "1 ", "4 ", "4111 1111 1111 111", "@", "a@", "a@a.", "a.b@c.", "@" + "a" * 63, "DE89", "AB12 ",
    "AA ", "eyJ", "eyJaaaaa.", ".eyJaaaaaa", "1.", "1.1.1.", ":", "1:", "A", "AKIA", "FwoG/", "123-45-", '"', "[",
    '{"a":', "\\", '"\\u00', '{"a":1}', "1-", " 1", "444 ", "4444 ", "{}", "','",
    "4111.1111.1111.111", "1\t", "1.1", '"a"@', "\\/", "\\u0040", "a\\n", "e\u0301", "x:", "ab:1", " {",
    "%40", "%2540", "%E2%80%89", "&#64;", "\\x40", "\uff14", "\uff20", "4111 ", "4 ", "a/", "A1/", "aB3/", "x-", "eyJ-",
    "eyJa_", "eyJhbGciOiJub25lIn0.", "1.1.1.1 ", "v1.1.1.1", "ssn ", "ssn 123", "a@b.png ", "a@1.2.", "邮", "a@b", "::",
    "1::", "a[::2]", "b,", "b\n", '"b",', '"b""', "b,c\n1,", "=40",
    "-01:00", "\n12\n", "4111111111111111-", "123-45-6789-", "a@b.com@", "1:1::", "version",
]  # fmt: skip


@pytest.mark.parametrize("unit", ADVERSARIES)
def test_time_is_linear(unit: str) -> None:
    """Text made to upset an expression takes at most eight times as long as an eighth of it, and half more."""
    redactor = Redactor([*DETECTORS, "$.b"])
    small, large = (Message(unit * (size // len(unit)), "text") for size in (MIB // 64, MIB // 8))
    # Measured again, as a processor that others share may halve its pace between two texts; more than linear stays so.
    assert any(seconds(redactor, large) < 12 * seconds(redactor, small) + 0.05 for _ in range(5))


def seconds(redactor: Redactor, message: Message) -> float:
    """In this thread's own processor time: other processes want the processor too."""
    start = time.thread_time()
    redactor.redact(message)
    return time.thread_time() - start
