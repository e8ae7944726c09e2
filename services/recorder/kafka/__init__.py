"""Kafka itself: topics made and checked, records sent and read, whatever senders put into them."""
