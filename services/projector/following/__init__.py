"""The running projector: from the events topic to rows and cursors."""
