"""From the bytes of a notebook to its code cells, each with its role and its syntax tree."""
