"""Nix, once per session."""

from __future__ import annotations

import pytest

from tests.nix.nix import Nix, copied_source, installed_nix


@pytest.fixture(scope="session")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Nix:
    folder = tmp_path_factory.mktemp("nix")
    return installed_nix(folder / "store", copied_source(folder / "source"))
