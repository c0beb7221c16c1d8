"""What the templates' marks stand for: drawn by a seeded generator, so that every run has the same texts."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import quote

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
DIGITS = "0123456789"
HEX = "0123456789abcdef"
BASE64 = UPPER + LOWER + DIGITS + "+/"

NAMES = (
    "ann.lee bob mueller j.doe maria-garcia o'brien info no-reply x_y a.b.c ann+news 7of9 jörg ольга li.wei sales2026 "
    "root-admin Tom.Smith kundenservice 123456"
)
DOMAINS = (
    "example.com example.org mail.example.co.uk example.de corp.example.net 163.com example.io x-y.example.museum "
    "gmail.com sub.dept.example.edu müller.example пример.рф xn--mller-kva.example mx1.internal.lan"
)
# Prefix, length, and the groups in which the brand's cards are written.
CARDS = [
    ("4", 16, (4, 4, 4, 4)), ("51", 16, (4, 4, 4, 4)), ("55", 16, (4, 4, 4, 4)), ("2221", 16, (4, 4, 4, 4)),
    ("34", 15, (4, 6, 5)), ("37", 15, (4, 6, 5)), ("6011", 16, (4, 4, 4, 4)), ("65", 16, (4, 4, 4, 4)),
    ("3530", 16, (4, 4, 4, 4)), ("36", 14, (4, 6, 4)), ("62", 16, (4, 4, 4, 4)), ("6759", 16, (4, 4, 4, 4)),
    ("4", 19, (4, 4, 4, 4, 3)), ("2200", 16, (4, 4, 4, 4)),
]  # fmt: skip
# Country, and how the account's number within it is made: n for a digit, a for a letter, c for either.
IBANS = {
    "DE": "n" * 18, "FR": "n" * 10 + "c" * 11 + "nn", "GB": "aaaa" + "n" * 14, "NL": "aaaa" + "n" * 10, "ES": "n" * 20,
    "IT": "a" + "n" * 10 + "c" * 12, "CH": "n" * 5 + "c" * 12, "BE": "n" * 12, "PL": "n" * 24, "NO": "n" * 11,
    "MT": "aaaa" + "n" * 5 + "c" * 18, "SE": "n" * 20, "MA": "n" * 24, "TR": "n" * 6 + "c" * 16,
}  # fmt: skip
BLANKS = " \u00a0\u2009\u202f"


def some(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choices(alphabet, k=length))


def email(random: Random) -> str:
    return f"{random.choice(NAMES.split())}@{random.choice(DOMAINS.split())}"


def plain_email(random: Random) -> str:
    """As most programs write them: ASCII, and no sign that a script around it may end."""
    return f"{some(random, LOWER, 5)}.{some(random, LOWER, 6)}@{random.choice(DOMAINS.split()[:6])}"


def literal_email(random: Random) -> str:
    host = ipv4(random) if random.random() < 0.6 else f"IPv6:{ipv6(random)}"
    return f"{some(random, LOWER, 6)}@[{host}]"


def luhn(number: str) -> str:
    """number with the digit behind it that satisfies Luhn's check."""
    doubled = (int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(number[::-1]))
    return f"{number}{-sum(sum(divmod(value, 10)) for value in doubled) % 10}"


def card_and_groups(random: Random) -> tuple[str, tuple[int, ...]]:
    prefix, length, groups = random.choice(CARDS)
    return luhn(prefix + some(random, DIGITS, length - len(prefix) - 1)), groups


def card(random: Random) -> str:
    return card_and_groups(random)[0]


def grouped_card(random: Random, gaps: str = " -.\u00a0\u2009\u2013\u2011/_") -> str:
    number, groups = card_and_groups(random)
    return in_groups(number, groups, random.choice(gaps))


def in_groups(text: str, groups: Sequence[int], gap: str) -> str:
    pieces, start = [], 0
    for size in groups:
        pieces.append(text[start : start + size])
        start += size
    return gap.join(piece for piece in pieces if piece)


def iban(random: Random) -> str:
    country, form = random.choice(list(IBANS.items()))
    account = "".join(some(random, {"n": DIGITS, "a": UPPER, "c": DIGITS + UPPER}[sign], 1) for sign in form)
    rest = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00")) % 97
    return f"{country}{98 - rest:02d}{account}"


def grouped_iban(random: Random) -> str:
    return in_groups(iban(random), (4,) * 8, random.choice(BLANKS + "-\u2013"))


def ssn(random: Random, gaps: str = "----- .\u2013\u2011\u00a0") -> str:
    area = random.choice([random.randint(1, 665), random.randint(667, 899)])
    gap = random.choice(gaps)
    return f"{area:03d}{gap}{random.randint(1, 99):02d}{gap}{random.randint(1, 9999):04d}"


def key_id(random: Random) -> str:
    return random.choice(["AKIA", "ASIA", "AROA"]) + some(random, UPPER + "234567", 16)


def secret(random: Random) -> str:
    """40 characters of base64; drawn anew in the one case in a thousand that has no digit."""
    found = some(random, BASE64, 40)
    return found if any(digit in found for digit in DIGITS) else secret(random)


def session(random: Random) -> str:
    return random.choice(["IQoJ", "FwoG"]) + some(random, BASE64, random.randint(300, 500)) + "="


def unpadded(value: object, random: Random) -> str:
    separators = random.choice([(",", ":"), (", ", ": ")])
    return base64.urlsafe_b64encode(json.dumps(value, separators=separators).encode()).decode().rstrip("=")


def jwt(random: Random) -> str:
    header = random.choice([
        {"alg": "HS256", "typ": "JWT"}, {"alg": "RS256", "kid": some(random, HEX, 8)}, {"typ": "JWT", "alg": "ES256"},
        {"kid": str(uuid.UUID(int=random.getrandbits(128))), "alg": "RS256"}, {"alg": "none"},
    ])  # fmt: skip
    claims = {"sub": some(random, DIGITS, 8), "iss": "https://id.example.com", "exp": 1_800_000_000}
    signature = some(random, BASE64, 43).replace("+", "-").replace("/", "_")
    token = f"{unpadded(header, random)}.{unpadded(claims, random)}"
    return token if header["alg"] == "none" else f"{token}.{signature}"


def ipv4(random: Random) -> str:
    nets = ["10.{}.{}.{}", "192.168.{}.{}", "172.16.{}.{}", "8.8.{}.{}", "203.0.113.{}", "{}.{}.{}.{}"]
    return random.choice(nets).format(*(random.randint(1, 254) for _ in range(4)))


def ipv6(random: Random) -> str:
    groups = [f"{random.getrandbits(16):x}" for _ in range(8)]
    forms = [
        "2001:db8:{}:{}:{}:{}:{}:{}", "2001:0db8:85a3:0000:0000:8a2e:{}:{}", "2a00:1450:{}::{}", "fe80::{}:{}:{}:{}",
        "fd12:{}::{}:1", "2001:db8::{}", "::ffff:192.0.2.44", "::1",
    ]  # fmt: skip
    return random.choice(forms).format(*groups)


def ip(random: Random) -> str:
    return ipv4(random) if random.random() < 0.6 else ipv6(random)


def version(random: Random) -> str:
    return ".".join(str(random.randint(0, 30)) for _ in range(3)) + random.choice(["", "", "", "-rc.1", "-beta.2"])


def version4(random: Random) -> str:
    return ".".join(str(random.randint(0, 120)) for _ in range(4))


def package(random: Random) -> str:
    name = random.choice(["lodash", "react", "vue", "express", "@babel/core", "@types/node", "serde", "left-pad"])
    return f"{name}@{version(random)}"


def image(random: Random) -> str:
    name = random.choice(["image", "icon-home", "logo", "img/button", "hero", "Default-568h"])
    return f"{name}@{random.choice(['2x', '3x', '1.5x', 'dark'])}.{random.choice(['png', 'jpg', 'webp', 'svg', 'gif'])}"


def remote(random: Random) -> str:
    host = random.choice(["github.com", "gitlab.example.com", "bitbucket.org"])
    return f"git@{host}:{some(random, LOWER, 6)}/{some(random, LOWER, 8)}.git"


def imei(random: Random) -> str:
    return luhn(random.choice(["35", "86", "01", "99", "49"]) + some(random, DIGITS, 12))


def ean(random: Random) -> str:
    digits = random.choice(["400", "440", "498", "978", "301"]) + some(random, DIGITS, 9)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def order(random: Random) -> str:
    """A number of 16 digits that begins like no card."""
    return random.choice("017") + some(random, DIGITS, 15)


def any_number(random: Random) -> str:
    """16 digits of any beginning: one in thirty is a card by all that shows."""
    return some(random, DIGITS, 16)


def snowflake(random: Random) -> str:
    """Milliseconds since Twitter's epoch, then 22 bits."""
    return str(random.randint(211_000_000_000, 511_000_000_000) << 22 | random.getrandbits(22))


def micros(random: Random) -> str:
    return str(random.randint(1_500_000_000_000_000, 1_800_000_000_000_000))


def phone(random: Random) -> str:
    forms = ["+49 151 #### ####", "+4915#########", "(555) ###-####", "555-###-####", "+41 ### ## ####"]
    return "".join(some(random, DIGITS, 1) if sign == "#" else sign for sign in random.choice(forms))


def time(random: Random) -> str:
    clock = f"{random.randint(0, 23):02d}:{random.randint(0, 59):02d}:{random.randint(0, 59):02d}"
    return random.choice(["{}", "2026-11-24T{}Z", "2026-11-24 {}.123", "24/Nov/2026:{} +0000"]).format(clock)


def mac(random: Random) -> str:
    return random.choice(":-").join(some(random, HEX, 2) for _ in range(random.choice([6, 6, 6, 8])))


def scope(random: Random) -> str:
    return random.choice(["std::vector", "a::b", "f64::add", "crate::fmt::d", "::add", "Face::Cafe", "e::f", "std::ad"])


def cut(random: Random) -> str:
    return random.choice(["xs[::2]", "s[::-1]", "a[1::2]", "rows[10:20:2]", "data[::]", "buf[0x10:0x20]"])


def classes(random: Random) -> str:
    """A path of names of classes, 40 characters long, with capitals and a digit."""
    words = ["Order", "Event", "Json", "Codec", "Util", "Kafka", "Writer", "Factory", "Http2", "Async"]
    path = random.choice(["com/example/", "org/apache/", "src/main/java/", ""])
    while len(path) < 40:
        path += random.choice(words)
    return f"{path[:38]}X2" if path[37] != "/" else f"{path[:37]}aX2"


def identifier(random: Random) -> str:
    return classes(random).replace("/", "")


def sha1(random: Random) -> str:
    return some(random, HEX, 40)


def sha256(random: Random) -> str:
    return some(random, HEX, 64)


def wallet(random: Random) -> str:
    return "0x" + some(random, HEX + "ABCDEF", 40)


def random_id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128)))


def blob(random: Random) -> str:
    return base64.b64encode(random.randbytes(random.choice([20, 32, 64, 90]))).decode()


def money(random: Random) -> str:
    return f"{random.randint(1, 99999)}.{random.randint(0, 99):02d}"


def point(random: Random) -> str:
    return f"{random.uniform(-90, 90):.14f}"


def host(random: Random) -> str:
    return f"ip-10-0-{random.randint(0, 254)}-{random.randint(1, 254)}.eu-west-1.compute.internal"


def twelve(random: Random) -> str:
    return some(random, DIGITS, 12)


def nine(random: Random) -> str:
    return some(random, DIGITS, 9)


def zip9(random: Random) -> str:
    return f"{some(random, DIGITS, 5)}-{some(random, DIGITS, 4)}"


def cookie(random: Random) -> str:
    """JSON in base64 without a signature: a state, no token."""
    return unpadded({"page": random.randint(1, 9), "q": some(random, LOWER, 5)}, random)


def asset(random: Random) -> str:
    end = random.choice(["min.js", "css.map"])
    return f"{random.choice(['eyJ', 'key', 'chunk'])}{some(random, LOWER + DIGITS, 8)}.{end}"


def upload(random: Random) -> str:
    """A random id as long as an AWS secret: nothing tells them apart."""
    return secret(random)


HIDDEN: dict[str, tuple[str, Callable[[Random], str]]] = {
    "email": ("email", email), "mail": ("email", plain_email), "literal": ("email", literal_email),
    "card": ("card", card), "cards": ("card", grouped_card), "iban": ("iban", iban), "ibans": ("iban", grouped_iban),
    "ssn": ("us_ssn", ssn), "plain_ssn": ("us_ssn", lambda random: ssn(random, gaps="-").replace("-", "")),
    "key": ("aws_key", key_id), "secret": ("aws_key", secret), "session": ("aws_key", session),
    "jwt": ("jwt", jwt), "ip": ("ip", ip), "ipv4": ("ip", ipv4), "ipv6": ("ip", ipv6),
}  # fmt: skip
HARMLESS: dict[str, Callable[[Random], str]] = {
    made.__name__: made
    for made in (
        version, version4, package, image, remote, imei, ean, order, any_number, snowflake, micros, phone, time, mac,
        scope, cut, classes, identifier, sha1, sha256, wallet, random_id, blob, money, point, host, twelve, nine, zip9,
        cookie, asset, upload,
    )
}  # fmt: skip
FORMS: dict[str, Callable[[str], str]] = {
    "": str,
    "url": lambda text: quote(text, safe=""),
    "url2": lambda text: quote(quote(text, safe=""), safe=""),
    "plus": lambda text: text.replace(" ", "+"),
    "json": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "html": lambda text: text.replace("@", "&#64;").replace("/", "&#x2F;"),
    "wide": lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text),
    "python": lambda text: text.replace("@", "\\x40"),
    "unicode": lambda text: text.replace("@", "\\u0040"),
    "at": lambda text: text.replace("@", "\uff20"),
}
"""How a value is written: as it is, or in the escapes of where it stands."""
