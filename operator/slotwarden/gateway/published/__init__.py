"""The four published APIs, each a thin facade over one service."""
