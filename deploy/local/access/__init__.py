"""Who may what on the stack's Kafka: ``principals`` says it, ``granting`` has the broker know it.

``passwords`` and ``clients`` are the files.
"""
