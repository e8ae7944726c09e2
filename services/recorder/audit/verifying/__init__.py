"""Everything recomputed: ``recorder audit verify``.

plan        what is to be verified, fixed at the start: topics' ends, kept checkpoints, then the ledger's sizes
running     the jobs on all cores: ranges, shards, partitions
leaves      a range: leaf hashes, no gap, the tiles below
tree        a shard's tree out of its ranges: peaks, upper tiles, the root at every checkpoint
notes       every checkpoint that is kept somewhere, and who signed it
contents    a shard in one snapshot: ``events``, ``receipts`` beside them, ``states`` folded anew; ``rows`` reads
topics      a partition of Kafka, record by record
models      what the projector says of its read models
problems    the closed list of what can be wrong
skipping    what is not checked, why, and how to have it checked, too
report      all of it put together
"""
