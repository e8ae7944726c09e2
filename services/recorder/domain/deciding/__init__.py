"""What every subject decides by: states, declared facts, timelines."""
