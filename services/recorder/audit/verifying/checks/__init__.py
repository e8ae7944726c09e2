"""What is checked, one module a thing.

leaves      a range: leaf hashes, no gap, the tiles below
tree        a shard's tree out of its ranges: peaks, upper tiles, the root at every checkpoint
notes       every checkpoint that is kept somewhere, and who signed it
contents    a shard in one snapshot: ``events``, ``receipts`` beside them, ``states`` folded anew
topics      a partition of Kafka, record by record
"""
