"""Step `ask` of magics.ipynb.

Reads: state:environ.
Writes: nothing.
"""


# cell 3
said = __cellwright_shell__.getoutput("printf 'a\\nb\\n'")
print(said.n.split())
