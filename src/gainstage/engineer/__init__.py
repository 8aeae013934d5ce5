"""The rules engineer: audio and roles in, decisions with reasons out; and the engineers who do not listen."""
