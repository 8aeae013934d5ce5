"""A set as shards that are streamed from a disk or object storage, by litdata (`gainstage[shards]`)."""

from gainstage.data.shards.reader import ShardReader, shard_songs
from gainstage.data.shards.spectra import ShardSpectra
from gainstage.data.shards.writer import write_shards

__all__ = ["ShardReader", "ShardSpectra", "shard_songs", "write_shards"]
