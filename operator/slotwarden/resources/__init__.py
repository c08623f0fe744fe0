"""The custom resources: their models, their conditions, and the CRD that is made from them."""
