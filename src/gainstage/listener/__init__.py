"""Role from audio: what a track sounds like → which role it probably plays."""
