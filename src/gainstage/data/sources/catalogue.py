"""The sets that can be prepared, by name."""

from pathlib import Path
from typing import Literal

from gainstage.data.sources.built_in import list_built_in
from gainstage.data.sources.cambridge_mt import list_cambridge_mt
from gainstage.data.sources.dsd100 import list_dsd100
from gainstage.data.sources.enst_drums import list_enst_drums
from gainstage.data.sources.folders import list_folders
from gainstage.data.sources.listing import Listing
from gainstage.data.sources.medleydb import list_medleydb
from gainstage.data.sources.moisesdb import list_moisesdb
from gainstage.data.sources.musdb18 import list_musdb18
from gainstage.data.sources.musdb_hq import list_musdb_hq
from gainstage.data.sources.slakh import list_slakh2100

DataSet = Literal[
    "built_in",
    "cambridge_mt",
    "dsd100",
    "enst_drums",
    "folders",
    "medleydb",
    "medleydb_stems",
    "moisesdb",
    "musdb18",
    "musdb18_hq",
    "slakh2100",
]


def list_songs(source: DataSet, root: Path) -> Listing:
    """What a root holds, no audio read.

    Raises:
        ValueError: there is no such set, or the root does not hold it.
    """
    if not root.is_dir():
        raise ValueError(f"the data's folder {root} does not exist; give the root of the data")
    match source:
        case "built_in":
            return list_built_in(root)
        case "cambridge_mt":
            return list_cambridge_mt(root)
        case "dsd100":
            return list_dsd100(root)
        case "enst_drums":
            return list_enst_drums(root)
        case "folders":
            return list_folders(root)
        case "medleydb":
            return list_medleydb(root)
        case "medleydb_stems":
            return list_medleydb(root, which="stems")
        case "moisesdb":
            return list_moisesdb(root)
        case "musdb18":
            return list_musdb18(root)
        case "musdb18_hq":
            return list_musdb_hq(root)
        case "slakh2100":
            return list_slakh2100(root)
    raise ValueError(f"there is no source '{source}'; see `gainstage prepare --choices`")
