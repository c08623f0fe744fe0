"""`make demo`: the whole of Slotwarden live on a testbed, for people who see it for the first time."""
