"""The Kafka door's own: records, places, what can't be read."""
