"""The tree of the record: the roots of RFC 6962, reached in any number of steps."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.merkle import Tree

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The known answers of Certificate Transparency, for no leaf up to all of them."""


def test_roots_are_those_of_certificate_transparency() -> None:
    tree = Tree()
    found = [tree.root().hex()]
    for leaf in LEAVES:
        tree.add(bytes.fromhex(leaf))
        found.append(tree.root().hex())
    assert found == ROOTS


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition in RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=70), st.data())
def test_a_tree_that_was_put_down_and_taken_up_again_has_the_same_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(leaves)))
    first = Tree()
    for leaf in leaves[:stop]:
        first.add(leaf)
    second = Tree(first.size, first.peaks)
    for leaf in leaves[stop:]:
        second.add(leaf)
    assert second.root() == plain_root(leaves)
    assert len(second.peaks) == len(leaves).bit_count()


@pytest.mark.parametrize(("size", "peaks"), [(1, []), (3, [b"x" * 32]), (0, [b"x" * 32]), (1, [b"short"])])
def test_peaks_that_cannot_be_those_of_the_size_are_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ValueError, match="not the peaks"):
        Tree(size, peaks)
