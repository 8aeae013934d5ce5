"""Which songs are the same under other names, and which songs of published sets hold others out.

Sets of this field share recordings: a third of MUSDB18 was taken from MedleyDB, and much of the rest lies in
the Cambridge-MT library. Songs are told by artist and title without case, blanks and signs, so that
`AlexanderRoss_GoodbyeBolero` is `Alexander Ross - Goodbye Bolero`.

References: the track list of MUSDB18 (sigsep.github.io/datasets/musdb.html), which names the origin of each.
"""

import re
import unicodedata

_GUESTS = re.compile(r"\b(feat|ft)\b.*", re.IGNORECASE)


def song_key(artist: str, title: str) -> str:
    """Equal for the same song, however artist and title are written; empty if there is no title."""
    parts = [re.sub(r"[\W_]+", "", _plain(_GUESTS.sub("", part))) for part in (artist, title)]
    return "/".join(parts) if parts[1] else ""


def artist_key(artist: str) -> str:
    """Equal for the same artist, however it is written."""
    return re.sub(r"[\W_]+", "", _plain(_GUESTS.sub("", artist)))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


_MUSDB18_TEST = """
AM Contra - Heart Peripheral
Al James - Schoolboy Facination
Angels In Amplifiers - I'm Alright
Arise - Run Run Run
BKS - Bulldozer
BKS - Too Much
Ben Carrigan - We'll Talk About It All Tonight
Bobby Nobody - Stitch Up
Buitraker - Revo X
Carlos Gonzalez - A Place For Us
Cristina Vane - So Easy
Detsky Sad - Walkie Talkie
Enda Reilly - Cur An Long Ag Seol
Forkupines - Semantics
Georgia Wonder - Siren
Girls Under Glass - We Feel Alright
Hollow Ground - Ill Fate
James Elder & Mark M Thompson - The English Actor
Juliet's Rescue - Heartbeats
Little Chicago's Finest - My Own
Louis Cressy Band - Good Time
Lyndsey Ollard - Catching Up
M.E.R.C. Music - Knockout
Moosmusic - Big Dummy Shake
Motor Tapes - Shore
Mu - Too Bright
Nerve 9 - Pray For The Rain
PR - Happy Daze
PR - Oh No
Punkdisco - Oral Hygiene
Raft Monk - Tiring
Sambasevam Shanmugam - Kaathaadi
Secretariat - Borderline
Secretariat - Over The Top
Side Effects Project - Sing With Me
Signe Jakobsen - What Have You Done To Me
Skelpolu - Resurrection
Speak Softly - Broken Man
Speak Softly - Like Horses
The Doppler Shift - Atrophy
The Easton Ellises (Baumi) - SDRNR
The Easton Ellises - Falcon 69
The Long Wait - Dark Horses
The Mountaineering Club - Mallory
The Sunshine Garcia Band - For I Am The Moon
Timboz - Pony
Tom McKenzie - Directions
Triviul feat. The Fiend - Widow
We Fell From The Sky - Not You
Zeno - Signs
"""

_MEDLEYDB_IN_MUSDB18 = """
A Classic Education - NightOwl
Aimee Norwich - Child
Alexander Ross - Goodbye Bolero
Alexander Ross - Velvet Curtain
Auctioneer - Our Future Faces
AvaLuna - Waterduct
BigTroubles - Phantom
Celestial Shore - Die For Us
Clara Berry And Wooldog - Air Traffic
Clara Berry And Wooldog - Stella
Clara Berry And Wooldog - Waltz For My Victims
Creepoid - OldTree
Dreamers Of The Ghetto - Heavy Love
Faces On Film - Waiting For Ga
Grants - PunchDrunk
Helado Negro - Mitad Del Mundo
Hezekiah Jones - Borrowed Heart
Hop Along - Sister Cities
Invisible Familiars - Disturbing Wildlife
Lushlife - Toynbee Suite
Matthew Entwistle - Dont You Ever
Meaxic - Take A Step
Meaxic - You Listen
Music Delta - 80s Rock
Music Delta - Beatles
Music Delta - Britpop
Music Delta - Country1
Music Delta - Country2
Music Delta - Disco
Music Delta - Gospel
Music Delta - Grunge
Music Delta - Hendrix
Music Delta - Punk
Music Delta - Reggae
Music Delta - Rock
Music Delta - Rockabilly
Night Panther - Fire
Port St Willow - Stay Even
Secret Mountains - High Horse
Snowmine - Curfews
Steven Clark - Bounty
Strand Of Oaks - Spacestation
Sweet Lights - You Let Me Down
The Districts - Vermont
The Scarlet Brand - Les Fleurs Du Mal
The So So Glos - Emergency
"""


def _keys(names: str) -> frozenset[str]:
    pairs = (line.split(" - ", 1) for line in names.strip().splitlines())
    return frozenset(song_key(artist, title) for artist, title in pairs)


KNOWN: dict[str, frozenset[str]] = {
    "musdb18_test": _keys(_MUSDB18_TEST),
    "medleydb_in_musdb18": _keys(_MEDLEYDB_IN_MUSDB18),
}
"""Name of a list → the keys of its songs: the 50 test songs of MUSDB18 (none of them is in MedleyDB), and the
46 songs of MedleyDB that are in MUSDB18, all of them among its 100 songs for training and validation."""
