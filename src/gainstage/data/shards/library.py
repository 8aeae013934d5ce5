"""litdata, which is an extra, and what it must not do here."""

from typing import Any


def litdata() -> Any:
    """The library.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import litdata
    except ImportError as error:
        raise ValueError(
            f"shards need the package litdata ({error}); install it with `pip install 'gainstage[shards]'`"
        ) from error
    return litdata


def refusing() -> dict[str, Any]:
    """Serializers that keep litdata from unpickling: an index of unknown origin could ask for it."""
    from litdata.streaming.serializers import Serializer

    class Refusing(Serializer):  # type: ignore[misc]  # it has no types
        def serialize(self, item: Any) -> Any:
            raise ValueError(f"shards hold bytes, got {type(item).__name__}")

        def deserialize(self, data: Any) -> Any:
            raise ValueError(
                f"these shards hold {len(data)} pickled bytes; write them with `gainstage shards`"
            )

        def can_serialize(self, item: Any) -> bool:
            del item
            return False

    return {"pickle": Refusing()}
