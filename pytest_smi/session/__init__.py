"""The pytest run: options, controller, workers, results."""
