"""From the SELECT of a read model: the statements that fold it, and those that read it."""
