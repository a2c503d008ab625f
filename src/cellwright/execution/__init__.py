"""Plans, executors and the scheduler that runs one on the other."""
