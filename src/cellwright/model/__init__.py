"""The core types: everything that crosses a layer is one of these."""
