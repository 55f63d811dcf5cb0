"""The table of all problems."""

from bench.problems import batches, gradients, models, second_order, statistics

PROBLEMS = (*second_order.ROWS, *gradients.ROWS, *batches.ROWS, *models.ROWS, *statistics.ROWS)
