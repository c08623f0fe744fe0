"""What the gateway's published APIs cost and how fast they are, beside the bare calls that are behind a request."""
