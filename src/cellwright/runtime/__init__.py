"""The runtime: copied into every image; the standard library is all it needs."""
