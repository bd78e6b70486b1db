"""The figures of a run's page, from the raw arrays of its store: numpy and scipy, nothing of the project."""
