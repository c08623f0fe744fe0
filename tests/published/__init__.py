"""The four published APIs through real HTTP and gRPC clients, beside kubectl's way to the same objects."""
