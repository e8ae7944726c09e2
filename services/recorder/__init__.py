"""The recorder: validates and decides actions, appends events to the ledger, relays them to Kafka."""
