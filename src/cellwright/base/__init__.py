"""The ground floor: canonical encodings, errors, plugins. Imports nothing of ours."""
