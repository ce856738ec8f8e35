"""Settings are read the same way with and without loading YAML."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.config import settings as config
from hitl_vault.errors import ConfigError

FRESH = config.new_settings_text()

PIECES = st.sampled_from(
    [
        "mode",
        "id",
        "settle",
        ": ",
        ":",
        " ",
        "open",
        "1h",
        "0.5s",
        "0.5",
        "10",
        '"',
        '"ana"',
        "'x'",
        "#",
        "\\",
        "\n",
        "yes",
        "null",
        "~",
        "&a",
        "*a",
        "[",
        "{",
        "- ",
        "\t",
        "\r",
        "\x0b",
        "\u2028",
        "é",
        "format: 1",
        "1:30",
    ]
)


def test_fresh_settings_need_no_yaml() -> None:
    assert config._simple(FRESH) == yaml.safe_load(FRESH)


@pytest.mark.parametrize(
    "line", ["mode: attributed", 'state_dir: "~/x"', "timeout: 0.5", "timeout: 1:30", "lease: yes"]
)
def test_a_line_added_by_hand_means_what_yaml_says(line: str) -> None:
    text = FRESH.replace("mode: open\n", "") + line + "\n"
    assert config._simple(text) in (None, yaml.safe_load(text))


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_read_without_yaml_is_what_yaml_would_read(text: str) -> None:
    simple = config._simple(text)
    assert not simple or simple == yaml.safe_load(text)


@pytest.mark.parametrize("lease", ["0s", "0", "0.999s", "0.5"])
def test_a_lease_too_short_for_a_sign_of_life_is_refused(tmp_path: Path, lease: str) -> None:
    path = tmp_path / "vault.yaml"
    with pytest.raises(ConfigError, match=r"vault\.yaml: lease: .* too short .*; write 60s"):
        config.parse_settings(f"{FRESH}lease: {lease}\n", path)
    assert config.parse_settings(f"{FRESH}lease: 1s\n", path).lease == timedelta(seconds=1)


def test_a_doubled_setting_is_not_read_in_silence(tmp_path: Path) -> None:
    assert config._simple(FRESH + "mode: open\n") is None
