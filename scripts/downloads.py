"""What a set of wheels costs to download, asked without fetching them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, url2pathname, urlopen

LARGE_BYTES = 20_000_000  # from here on a download is worth a progress bar


@dataclass(frozen=True)
class Package:
    """One wheel of a plan."""

    name: str
    version: str
    url: str
    num_bytes: int | None  # None: the index did not say

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def is_local(self) -> bool:
        return self.url.startswith("file:")

    @property
    def is_large(self) -> bool:
        return self.num_bytes is None or self.num_bytes >= LARGE_BYTES


def packages_of(report: dict[str, Any]) -> list[Package]:
    """The packages of a report by `pip install --dry-run --report`, with their sizes."""
    installs = report["install"]
    urls = [item["download_info"]["url"] for item in installs]
    with ThreadPoolExecutor(16) as pool:
        sizes = list(pool.map(size_of, urls))
    return [
        Package(item["metadata"]["name"], item["metadata"]["version"], url, num_bytes)
        for item, url, num_bytes in zip(installs, urls, sizes, strict=True)
    ]


def size_of(url: str) -> int | None:
    """Bytes behind a URL, without fetching them; None where nobody tells."""
    try:
        if url.startswith("file:"):
            return Path(url2pathname(urlsplit(url).path)).stat().st_size
        with urlopen(Request(url, method="HEAD"), timeout=10) as answer:
            length = answer.headers["Content-Length"]
    except (OSError, ValueError, URLError):
        return None
    return int(length) if length else None


def describe(packages: Iterable[Package]) -> str:
    """How much there is to download, torch by name, in one sentence."""
    packages = list(packages)
    remote = [package for package in packages if not package.is_local]
    known = sum(package.num_bytes or 0 for package in remote)
    unknown = sum(package.num_bytes is None for package in remote)
    text = f"{len(packages)} packages, {known / 1e6:,.0f} MB to download (less what pip has in its cache)"
    if unknown:
        text += f" and {unknown} of a size that the index does not tell"
    for package in packages:
        if package.name == "torch":
            size = "size unknown" if package.num_bytes is None else f"{package.num_bytes / 1e6:,.0f} MB"
            where = ", already on this disk" if package.is_local else ""
            text += f"; torch {package.version}: {size}{where}"
    return text
