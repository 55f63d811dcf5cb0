"""From a tree and its declarations to entries whose indices agree."""
