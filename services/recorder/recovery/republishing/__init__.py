"""The topics, again from the ledger: ``recorder republish``."""
