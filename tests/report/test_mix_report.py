"""The page of a mix holds all of the result, leaves out what is not there, and keeps its size."""

import dataclasses
import math

import pytest

from gainstage.report.blocks import Block, Drawing, Fold, Grid, Players
from gainstage.report.mix_report import mix_page
from gainstage.report.page import Page
from gainstage.report.settings import Strip
from tests.report import made_up
from tests.report.parsed import Parsed


def blocks_of(page: Page) -> list[Block]:
    def inside(block: Block) -> list[Block]:
        return (
            [block, *[b for part in block.blocks for b in inside(part)]]
            if isinstance(block, Grid | Fold)
            else [block]
        )

    return [found for section in page.sections for block in section.blocks for found in inside(block)]


@pytest.fixture(scope="module")
def page() -> Page:
    return mix_page(made_up.result(made_up.NASTY_NAMES, clips=True))


def test_the_page_of_a_mix_is_whole_with_nasty_names(page: Page) -> None:
    parsed = Parsed(page.html())
    assert parsed.tags["script"] == 1
    assert parsed.tags["audio"] == 3 + 8 * 2  # the silent track has none
    assert parsed.tags["details"] == 9 + 3
    text = " ".join(parsed.texts)
    for name in ("<script>alert(1)</script>", "Kick | In `D112`", "鼓 ドラム", "(no name)"):
        assert name in text
    assert "nan" not in text.lower().replace("dominant", "")
    every = [b for b in blocks_of(page) if isinstance(b, Drawing)]
    assert len({b.plot.svg for b in every}) == len(every)
    assert all(b.plot.alt for b in every)
    for _, name, value in parsed.attributes:
        if name in ("src", "href"):
            assert value.startswith(("data:", "#"))


def test_numbers_of_the_page_are_those_of_the_result(page: Page) -> None:
    text = " ".join(Parsed(page.html()).texts)
    for number in (
        "−20.0 LUFS",
        "Sum −14.3 LUFS",
        "Reference −9.1 LUFS",
        "−3.8 dBTP",
        "R 58",
        "L 62",
        "+12.1 dB",
    ):
        assert number in text
    for sentence in ("resampled to 44.1 kHz", "leaves room to −1 dBTP", "nothing of the track plays below"):
        assert sentence in text


def test_the_page_does_without_what_was_not_measured() -> None:
    bare = made_up.result()
    mix = dataclasses.replace(
        bare.mix, momentary_lufs=None, short_term_lufs=None, spectrum=None, bands=(), true_peak_db=math.nan
    )
    track = dataclasses.replace(bare.tracks[0], spectrum_before=None, spectrum_after=None, strip=Strip("a"))
    result = dataclasses.replace(
        bare,
        mix=mix,
        sum=None,
        reference=None,
        tracks=(track,),
        groups=(),
        returns=(),
        reasons=(),
        warnings=(),
    )
    page = mix_page(dataclasses.replace(result, master=Strip("Master"), files=(), versions={}))
    assert Parsed(page.html()).tags["audio"] == 0
    assert not [b for b in blocks_of(page) if isinstance(b, Players)]
    assert [b.caption for b in blocks_of(page) if isinstance(b, Drawing)] == ["Loudness per track"]


def test_an_all_silent_mix_has_a_page() -> None:
    silent = -math.inf
    bare = made_up.result()
    mix = dataclasses.replace(
        bare.mix, integrated_lufs=silent, true_peak_db=silent, range_lu=0.0, correlation=math.nan
    )
    tracks = tuple(
        dataclasses.replace(
            t,
            loudness_before_lufs=silent,
            loudness_after_lufs=silent,
            peak_before_db=silent,
            peak_after_db=silent,
        )
        for t in bare.tracks[:2]
    )
    html = mix_page(dataclasses.replace(bare, mix=mix, sum=mix, reference=None, tracks=tracks)).html()
    text = " ".join(Parsed(html).texts)
    assert "silent" in text
    assert "nan" not in text.lower()
    assert "−∞ dBTP" in text


def test_the_page_of_forty_tracks_keeps_its_size() -> None:
    names = tuple(f"Track {k}" for k in range(40))
    base = made_up.result(clips=True)
    full, *_ = base.tracks
    lean = dataclasses.replace(full, spectrum_before=None, spectrum_after=None, wet=None)
    tracks = (full, *[dataclasses.replace(lean, strip=Strip(name)) for name in names[1:]])
    html = mix_page(dataclasses.replace(base, tracks=tracks), page_bytes=1_000_000).html()
    sizes = [len(address) for address in Parsed(html).values("src")]
    assert len(sizes) > 3
    assert sum(sizes) <= 1_000_000
    assert len(html) - sum(sizes) < 400_000
