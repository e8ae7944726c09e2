"""What auditors do: history replayed, checked and proved, from either store.

source     a shard's event bytes in order: of the ledger, of Kafka, of archives
replaying  ``recorder audit replay``: those bytes, one event a line
verifying  ``recorder audit verify``: everything recomputed
proving    ``recorder audit key``, ``checkpoint``, ``prove``, ``consistency``: what is signed, and proofs
bundle     ``recorder audit bundle``: an appraisal's evidence, checked anywhere by one file
http       the log and its proofs over HTTP
projector  the other service, asked as a command
cli        the group ``recorder audit``; each command registers itself there in one line
"""
