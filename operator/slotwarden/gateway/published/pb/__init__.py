"""The messages and the service of the slots over gRPC, made from proto/ by `make proto`."""
