"""Records in every format, with the text and the schema they have to become. `writers` makes the bytes."""

from tests.corpus.cases import CASES, Case, lookup, outline

__all__ = ["CASES", "Case", "lookup", "outline"]
