"""What the terminal shows of the read models: from the API's JSON to rich renderables, no I/O."""
