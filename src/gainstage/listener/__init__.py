"""Role from audio: what a track sounds like → which role it probably plays."""

from gainstage.listener.classifier import HeardRole, hear_role, likely_role
from gainstage.listener.sound import sound_of

__all__ = ["HeardRole", "hear_role", "likely_role", "sound_of"]
