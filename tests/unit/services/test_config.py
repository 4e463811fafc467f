from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_origin

import pytest
from pydantic import BaseModel

from services.config import Config, NoSecret, read_secret

FILE = Path(__file__).parents[3] / "config.toml"


def leaves(model: type[BaseModel], prefix: str = "") -> dict[str, object]:
    """Every setting of the model with its default, by its dotted name."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= leaves(kind, f"{prefix}{name}.")
        elif get_origin(kind) is dict:  # a table of sections: those that there are without a file
            for key, section in field.default.items():
                found |= leaves(type(section), f"{prefix}{name}.{key}.")
                found |= flat(section.model_dump(mode="json"), f"{prefix}{name}.{key}.")
        else:
            found[f"{prefix}{name}"] = field.default
    return found


def flat(content: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in content.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def test_the_file_states_every_setting_with_its_default_and_nothing_else() -> None:
    assert flat(tomllib.loads(FILE.read_text("utf-8"))) == {name: plain(value) for name, value in leaves(Config).items()}


def test_every_setting_in_the_file_is_explained() -> None:
    keys = [line for line in FILE.read_text("utf-8").splitlines() if re.match(r"[a-z_]+ = ", line)]
    section_explains = {"normal", "big", "important", "dedicated_line"}
    unexplained = [line for line in keys if "  # " not in line and line.split(" ")[0] not in section_explains]
    assert unexplained == []


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o644)
    with pytest.raises(NoSecret, match="chmod 600"):
        read_secret(Config(), variable="X", file=str(secret), what="AMI secret")
    secret.chmod(0o600)
    assert read_secret(Config(), variable="X", file=str(secret), what="AMI secret") == "geheim"
