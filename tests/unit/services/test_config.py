from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.config import BadConfig, Config, NoSecret, load, read_secret

FILE = Path(__file__).parents[3] / "config.toml"


def leaves(model: type[BaseModel], prefix: str = "") -> dict[str, object]:
    """Every setting of the model with its default, by its dotted name."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= leaves(kind, f"{prefix}{name}.")
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


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[web]\nport = "x"\nprot = 1\n[nix]\na = 1\n[centre]\ntimezone = "Mars/X"\n[asterisk]\nmanaged = "ja"\n')
    with pytest.raises(BadConfig) as caught:
        load(file)
    named = "\n".join(map(str, caught.value.mistakes))
    for part in ("[web] port", "[web] prot", "did you mean port?", "[nix]", "[centre] timezone", "[asterisk] managed"):
        assert part in named


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[database]\nurl = "postgresql://a:geheim@h/x"\n')
    with pytest.raises(BadConfig) as caught:
        load(file)
    assert "password_env" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[web]\nport = 1\n[queue.priority]\nbig = 3\n")
    monkeypatch.setenv("TINGSU_WEB__PORT", "2")
    monkeypatch.setenv("TINGSU_QUEUE__PRIORITY__IMPORTANT", "4")
    config = load(file)
    assert (config.web.port, config.queue.priority.big, config.queue.priority.important) == (2, 3, 4)


def test_an_unknown_section_in_the_environment_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_WEBB__PORT", "2")
    with pytest.raises(BadConfig, match="TINGSU_WEBB__PORT"):
        load()


def test_a_wrong_value_in_the_environment_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGSU_WEB__PORT", "many")
    with pytest.raises(BadConfig, match="TINGSU_WEB__PORT"):
        load()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[web\n", b"port = \n"])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(content)
    with pytest.raises(BadConfig, match=r"c\.toml"):
        load(file)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="nothing-here"):
        load(tmp_path / "nothing-here.toml")


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[instance]\nfolder = "here"\n[recordings]\nstore = "s3://bucket/x"\n')
    config = load(file)
    assert config.folder == tmp_path / "here"
    assert config.spool == tmp_path / "here" / "recordings" / "spool"
    assert config.store == "s3://bucket/x"


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o644)
    with pytest.raises(NoSecret, match="chmod 600"):
        read_secret(Config(), variable="X", file=str(secret), what="AMI secret")
    secret.chmod(0o600)
    assert read_secret(Config(), variable="X", file=str(secret), what="AMI secret") == "geheim"
