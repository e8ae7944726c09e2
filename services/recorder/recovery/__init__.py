"""Either store from the other: a lost ledger from the topics, lost topics from the ledger, and what a ledger lacks."""
