"""What every client of Kafka here shares.

login      who it is: the settings, as aiokafka's arguments
broker     FastStream's, logged in so
bounding   batches of others read within bounds
actions    the topics that actions come by, and whose each is
patch      aiokafka, made to do so
"""
