"""The master secret: private, made once, rotated and revoked, and never shown."""

from __future__ import annotations

import json
import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.errors import ConfigError
from hitl_vault.trust.keys import FILE, Key, Keys, Ring, hkdf

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

RFC_5869 = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("secret", "salt", "info", "wanted"), RFC_5869, ids=["A.1", "A.2", "A.3"])
def test_derivation_gives_the_vectors_of_rfc_5869(secret: str, salt: str, info: str, wanted: str) -> None:
    salt_, info_ = bytes.fromhex(salt), bytes.fromhex(info)
    derived = hkdf(bytes.fromhex(secret), salt=salt_, info=info_, length=len(wanted) // 2)
    assert derived.hex() == wanted


@pytest.mark.parametrize("length", [0, -1, 8161])
def test_derivation_gives_no_more_than_it_can(length: int) -> None:
    with pytest.raises(ValueError, match="8160"):
        hkdf(b"x", salt=b"", info=b"", length=length)


def test_the_first_use_makes_a_key_that_only_the_owner_may_read(tmp_path: Path) -> None:
    key = Keys(tmp_path / "state").current(NOW)
    found = (tmp_path / "state" / FILE).stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert Keys(tmp_path / "state").current(LATER) == key
    assert not [path for path in (tmp_path / "state").iterdir() if path.name.startswith(".")]


def test_looking_makes_no_key(tmp_path: Path) -> None:
    assert Keys(tmp_path).ring() == Ring()
    assert list(tmp_path.iterdir()) == []


@given(purposes=st.lists(st.tuples(st.text(), st.text()), unique=True, min_size=2, max_size=4))
def test_every_purpose_and_person_has_a_key_of_its_own(purposes: list[tuple[str, str]]) -> None:
    key = Key(id="k", secret=bytes(32), created=NOW)
    plain = [pair for pair in purposes if "\0" not in "".join(pair)]
    assert len({key.derive(*pair) for pair in plain}) == len(plain)
    assert all(len(key.derive(*pair)) == 32 for pair in plain)


def test_a_rotated_key_verifies_only_and_a_revoked_one_does_nothing(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first = keys.current(NOW)
    second = keys.rotate(LATER)
    ring = keys.ring()
    assert ring.current == second != first
    assert (found := ring.find(first.id)) is not None
    assert found.retired == LATER
    assert [key.id for key in ring.usable] == [second.id, first.id]
    keys.revoke(first.id, LATER)
    assert keys.ring().find(first.id) is None
    assert keys.ring().current == second


def test_revoking_the_current_key_makes_another_one(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first = keys.current(NOW)
    second = keys.revoke(first.id, LATER)
    assert (keys.ring().current, keys.ring().find(first.id)) == (second, None)
    with pytest.raises(ConfigError, match="no key"):
        keys.revoke(first.id, LATER)


def test_a_retired_key_does_not_come_back_when_the_current_one_is_revoked(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    first = keys.current(NOW)
    second = keys.rotate(NOW)
    third = keys.revoke(second.id, LATER)
    assert third.id not in (first.id, second.id)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_key_file_that_others_may_open_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    Keys(tmp_path).current(NOW)
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        Keys(tmp_path).ring()


def test_a_key_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    Keys(tmp_path / "a").current(NOW)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / FILE).symlink_to(tmp_path / "a" / FILE)
    with pytest.raises(ConfigError, match="cannot be read"):
        Keys(tmp_path / "b").ring()


@pytest.mark.parametrize("cut", [0, 1, 40, 90, -3])
def test_a_broken_key_file_is_refused_without_repeating_what_is_in_it(tmp_path: Path, cut: int) -> None:
    secret = Keys(tmp_path).current(NOW).secret.hex()
    file = tmp_path / FILE
    file.write_text(file.read_text()[:cut])
    with pytest.raises(ConfigError, match="not a key file") as caught:
        Keys(tmp_path).ring()
    told = repr(caught.value) + repr(caught.value.__cause__) + str(caught.value.__suppress_context__)
    assert secret[:8] not in told
    assert caught.value.__cause__ is None


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    Keys(tmp_path).current(NOW)
    file = tmp_path / FILE
    found = json.loads(file.read_text())
    found["keys"][0]["secret"] = "00" * 31
    file.write_text(json.dumps(found))
    with pytest.raises(ConfigError):
        Keys(tmp_path).ring()


def test_a_key_does_not_show_its_secret(tmp_path: Path) -> None:
    key = Keys(tmp_path).current(NOW)
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(Keys(tmp_path).ring())


def _current(state: Path) -> str:
    return Keys(state).current(NOW).id


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_current, [tmp_path] * 8))) == 1
