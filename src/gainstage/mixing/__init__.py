"""A folder of stems → a mix, its session and its report; and a session → its audio again."""
