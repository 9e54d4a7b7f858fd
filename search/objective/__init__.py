"""What an objective is: the contract, loading one from its path, asking it about points."""
