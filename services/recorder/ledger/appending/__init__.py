"""The append: queues, one transaction a batch, decisions, rows."""
