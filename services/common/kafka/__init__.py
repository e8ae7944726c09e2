"""What every reader of Kafka here shares: batches of others read within bounds."""
