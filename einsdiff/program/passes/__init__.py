"""What is done to a plan, and to a request, so that the same results cost less; each can be left out."""
