"""Functions that run: arguments, programs that are kept by shapes, structured results, backends."""
