"""The mapping of foreign columns to the contracts: proposed, written as columns.yml, and read back."""
