"""What the local stack's commands say, in both languages."""
