"""The walk through the notebook, an abstract run: what each cell reads, binds and changes."""
