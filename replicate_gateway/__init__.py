"""Everything Replicate-specific: the API behind one Protocol, its callbacks, and the models on offer."""
