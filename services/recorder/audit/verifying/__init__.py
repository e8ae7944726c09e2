"""Everything recomputed: ``recorder audit verify``.

verify      the command
plan        what is to be verified, fixed at the start: topics' ends, kept checkpoints, then the ledger's sizes
running     the jobs on all cores: ranges, shards, partitions
checks      what each of them looks at
problems    the closed list of what can be wrong
skipping    what is not checked, why, and how to have it checked, too
report      all of it put together
"""
