"""Derivatives: the slopes of scalar functions, the law of each node, and how laws are composed over the graph."""
