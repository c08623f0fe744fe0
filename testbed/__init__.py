"""A real control plane and a real Vault on this machine, for the demo, the tests and the benchmarks.

Mocks of the Kubernetes API have no real resource versions, conflicts, RBAC, CEL or garbage collection, so everything
here runs the real programs: found, downloaded or built by `testbed.binaries`, run by `testbed.cluster`.
"""
