"""The parts of a run; each takes the stage as the one before left it, and answers with raw figures."""
