from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recordings import models
from recordings.crew import check
from recordings.errors import ModelUnavailable
from recordings.models import DEMONSTRATION, fetch, find

NAME = "vosk-model-small-test-0.1"


@pytest.fixture
def publisher() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A web server on this machine: (address, what it publishes)."""
    files: dict[str, bytes] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.rpartition("/")[2])
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/models/", files
    server.shutdown()
    thread.join()
    server.server_close()


def packed(fill: Callable[[zipfile.ZipFile], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return out.getvalue()


def good(archive: zipfile.ZipFile) -> None:
    for file in sorted(DEMONSTRATION.rglob("*")):
        if file.is_file() and file.name != "demonstration.txt":
            archive.write(file, f"{NAME}/{file.relative_to(DEMONSTRATION)}")


async def test_a_fetched_model_lies_under_its_name_and_loads(tmp_path: Path, publisher: tuple[str, dict[str, bytes]]) -> None:
    address, files = publisher
    files[f"{NAME}.zip"] = packed(good)
    files["model-list.json"] = json.dumps([{"name": NAME, "md5": hashlib.md5(files[f"{NAME}.zip"]).hexdigest()}]).encode()
    told: list[tuple[str, int, int | None]] = []
    path = fetch(NAME, tmp_path / "models", publisher=address, progress=lambda *step: told.append(step))
    assert path == tmp_path / "models" / NAME
    assert {step for step, _, _ in told} == {"download", "unpack"}
    assert told[-1][1] == told[-1][2]
    facts = await check(path)
    assert (facts.rate, facts.demonstration) == (8_000, False)
    files.clear()
    assert fetch(NAME, tmp_path / "models", publisher=address) == path  # already there: nothing is asked for


def put(name: str, content: bytes = b"x") -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: (good(archive), archive.writestr(name, content))[0]


def link(archive: zipfile.ZipFile) -> None:
    good(archive)
    info = zipfile.ZipInfo(f"{NAME}/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def crowd(archive: zipfile.ZipFile) -> None:
    good(archive)
    for number in range(models.MAX_FILES):
        archive.writestr(f"{NAME}/{number}", b"")


BAD = {
    "a path upwards": (put(f"{NAME}/../../evil"), "bad_archive"),
    "an absolute path": (put("/tmp/evil"), "bad_archive"),
    "a foreign folder": (put("other/file"), "bad_archive"),
    "a backslash": (put(f"{NAME}\\..\\evil"), "bad_archive"),
    "a link": (link, "bad_archive"),
    "too many files": (crowd, "too_big"),
    "no model": (lambda archive: archive.writestr(f"{NAME}/readme", b"x"), "no_model"),
}


@pytest.mark.parametrize("what", BAD)
def test_an_archive_with_anything_else_in_it_is_refused_whole(
    tmp_path: Path, publisher: tuple[str, dict[str, bytes]], what: str
) -> None:
    fill, code = BAD[what]
    publisher[1][f"{NAME}.zip"] = packed(fill)
    refused(tmp_path, publisher[0], code)


def refused(folder: Path, address: str, code: str, name: str = NAME) -> None:
    with pytest.raises(ModelUnavailable) as failure:
        fetch(name, folder / "models", publisher=address)
    assert failure.value.code == code
    assert list(folder.rglob("*")) in ([], [folder / "models"])


def test_an_archive_that_lies_about_its_sizes_is_stopped(
    tmp_path: Path, publisher: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_UNPACKED", 1_300_000)
    publisher[1][f"{NAME}.zip"] = packed(put(f"{NAME}/bomb", bytes(10_000_000)))
    refused(tmp_path, publisher[0], "too_big")


def test_a_download_without_end_is_stopped(
    tmp_path: Path, publisher: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_DOWNLOAD", 1_000)
    publisher[1][f"{NAME}.zip"] = packed(good)
    refused(tmp_path, publisher[0], "too_big")


def test_a_damaged_download_is_refused(tmp_path: Path, publisher: tuple[str, dict[str, bytes]]) -> None:
    publisher[1][f"{NAME}.zip"] = packed(good)
    publisher[1]["model-list.json"] = json.dumps([{"name": NAME, "md5": "0" * 32}]).encode()
    refused(tmp_path, publisher[0], "wrong_sum")
    del publisher[1]["model-list.json"]
    publisher[1][f"{NAME}.zip"] = packed(good)[:-500]
    refused(tmp_path, publisher[0], "bad_archive")


def test_an_unknown_model_and_an_absent_publisher_are_told_apart(tmp_path: Path, publisher: tuple[str, dict[str, bytes]]) -> None:
    refused(tmp_path, publisher[0], "unknown_model")
    refused(tmp_path, "http://127.0.0.1:1/", "network")
    refused(tmp_path, "http://example.org/", "network")
    refused(tmp_path, "file:///etc/", "network")


@pytest.mark.parametrize(
    "name", ["", "model", "../vosk-model-x", "vosk-model-", "vosk-model-a/b", "vosk-model-..", "vosk-model-x\n"]
)
def test_only_vosks_own_names_are_asked_for(tmp_path: Path, name: str) -> None:
    refused(tmp_path, "http://127.0.0.1:1/", "bad_name", name)


def test_models_are_found_in_folders_and_as_folders(tmp_path: Path) -> None:
    shutil.copytree(DEMONSTRATION, tmp_path / NAME)
    (tmp_path / NAME / "demonstration.txt").unlink()
    (tmp_path / "no model").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "final.mdl").write_bytes(b"x")
    (tmp_path / "old" / "mfcc.conf").write_bytes(b"")
    found = find([tmp_path, DEMONSTRATION, tmp_path / "missing", tmp_path / NAME])
    assert [(model.name, model.demonstration, model.vocabulary, model.rate) for model in found] == [
        ("demo_model", True, 271, 8_000),
        ("old", False, None, 16_000),
        (NAME, False, 271, 8_000),
    ]
    assert found[0].size > 1_000_000
