"""Who reads from a stream and who writes to it: one module per AWS service, each a *part* behind one small protocol.

From outside: `flow` (the nouns and the protocol), `parts` (which there are). The catalogue knows `flow` alone.
Never here: how a call is made, paced and tried again (`aws`), what the catalogue holds.
"""
