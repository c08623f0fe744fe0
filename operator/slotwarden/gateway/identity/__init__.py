"""Who speaks, and what they may do: tokens, the front proxy, reviews."""
