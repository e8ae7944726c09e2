"""The token file: what stands in it, how it is changed, when each token was used last."""
