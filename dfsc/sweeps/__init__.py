"""Many trainings, each evaluated: a grid of recipes over data sets and seeds, resumable, summed up in one table."""
