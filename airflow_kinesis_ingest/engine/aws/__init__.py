"""All that speaks to AWS: clients, errors, quotas, listing and describing, taking records, Glue, policy, console.

From outside: `client`, `errors`, `quota`, `source`, `sample`, `glue`, `policy`, `console`, `identity`, `region`,
`tags`.
Never here: what a record means, what the catalogue holds.
"""
