"""The contract: envelope, actions, events. Frozen pydantic models; imports nothing of ``services/``."""
