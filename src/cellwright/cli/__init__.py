"""The command line: the use cases on a terminal."""
