"""The gRPC server, and what holds for every call whichever service it is for."""
