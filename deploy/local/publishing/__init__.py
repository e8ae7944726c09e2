"""Publishing as an app outside would: it knows CloudEvents, the schemas, the topics' names and one URL, and no more.

publisher   which way each action takes, and what has to wait for what
wire        Kafka               poster      HTTP
answers     what became of it
"""
