"""What auditors do: history replayed, checked and proved, from either store.

source     a shard's event bytes in order: of the ledger or of Kafka
replay     ``recorder audit replay``: those bytes, one event a line
verify     ``recorder audit verify``: everything recomputed (``verifying``)
bundle     ``recorder audit bundle``: an appraisal's evidence, checked anywhere by one file
cli        the group ``recorder audit``; each command registers itself there in one line
"""
