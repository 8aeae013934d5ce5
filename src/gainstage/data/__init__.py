"""Audio in: files, folders of stems, and the manifest that describes them."""

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AudioInfo, AudioReader, probe
from gainstage.data.folder import Scan, scan_folder
from gainstage.data.hearing import Listener
from gainstage.data.manifest import AudioRef, Song, Track, read_manifest, write_manifest
from gainstage.data.roles_file import read_roles
from gainstage.data.wav_file import WavWriter, write_wav

__all__ = [
    "AudioFileError",
    "AudioInfo",
    "AudioReader",
    "AudioRef",
    "Listener",
    "Scan",
    "Song",
    "Track",
    "WavWriter",
    "probe",
    "read_manifest",
    "read_roles",
    "scan_folder",
    "write_manifest",
    "write_wav",
]
