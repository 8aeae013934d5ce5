"""Pages to read and to listen to, made from plain results: plots, players, tables, HTML and Markdown.

Nothing is imported here, so that a command which needs no page does not wait for matplotlib.
"""
