"""Rows to tokens, tokens to batches: the same meaning as the embedded trainer's, to the last id."""
