"""What a plan consists of: forms of nodes, products in an order of contraction, typed steps, sizes and costs."""
