"""The console's processors as formulas, and the languages into which these are printed.

`table` says what each processor computes, once. `lua`, `jsfx` and `javascript` print it; none of them knows a
processor.
"""
