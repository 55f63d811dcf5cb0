"""Matrix forms: an entry with rows and columns as the formula that a person would write."""
