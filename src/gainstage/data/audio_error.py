"""The one exception for audio files."""


class AudioFileError(ValueError):
    """A file that cannot be read or written, in one sentence that names it and says what to do."""
