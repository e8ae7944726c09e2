"""The ledger, again from the topics: ``recorder restore`` and ``recover``."""
