"""What proofs rest on: canonical bytes, ids, the Merkle tree, MACs."""
