"""What checks bundles and proofs without us: one file that a stranger can read and run."""
