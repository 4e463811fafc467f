"""Where the database of an instance lies, when the folders round it are opened, closed, moved, copied or given away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.hosted import account as accounts
from services.hosted import place
from services.hosted.place import Misplaced, Place

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a database as another account")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A closed home; beside it the places that root uses instead, which everybody can reach."""
    with tempfile.TemporaryDirectory(prefix="tingsu-place-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setattr(accounts, "PLACES", (folder / "lib", folder / "tmp"))
        (folder / "home").mkdir(mode=0o700)
        (folder / "home/var").mkdir()
        yield folder / "home"


def wish(home: Path) -> Path:
    return home / "var/postgres"


def make(folder: Path, found: Place, *, owner: int | None = None) -> Path:
    """What a first start leaves."""
    uid, gid = found.account.ids if found.account else (os.geteuid(), os.getegid())
    (found.path / "data/global").mkdir(parents=True)
    (found.path / "data/global/pg_control").touch()
    found.path.chmod(0o700)
    for path in (found.path, *found.path.rglob("*")):
        os.chown(path, uid if owner is None else owner, gid)
    place.remember(folder, found)
    return found.path


def opened(path: Path) -> None:
    path.chmod(0o755)


def made_outside(home: Path) -> Path:
    found = place.find(wish(home))
    assert not found.path.is_relative_to(home), "below a closed home it lies elsewhere"
    return make(wish(home), found)


def made_inside(home: Path) -> Path:
    opened(home)
    assert place.find(wish(home)).path == wish(home)
    return make(wish(home), place.find(wish(home)))


def forget(home: Path, path: Path) -> None:
    """As an older version left it: nothing written down."""
    place.note_of(wish(home)).unlink()
    (path / place.OWNER_NOTE).unlink()


@pytest.mark.parametrize("written_down", [True, False])
def test_a_folder_that_was_opened_makes_no_second_database(home: Path, written_down: bool) -> None:
    path = made_outside(home)
    if not written_down:
        forget(home, path)
    opened(home)
    assert place.find(wish(home)) == Place(path, accounts.unprivileged(), made=True)


def test_a_folder_that_was_closed_is_named_and_no_other_is_taken(home: Path) -> None:
    path = made_inside(home)
    home.chmod(0o700)
    with pytest.raises(Misplaced) as refused:
        place.find(wish(home))
    assert f"chmod o+x {home}`" in str(refused.value)
    opened(home)
    assert place.find(wish(home)).path == path


def test_an_instance_folder_that_was_moved_takes_its_database_along(home: Path) -> None:
    path = made_outside(home)
    (home / "var").rename(home / "elsewhere")
    moved = home / "elsewhere/postgres"
    found = place.find(moved)
    assert found.path == path
    place.remember(moved, found)
    assert (path / place.OWNER_NOTE).read_text().strip() == str(moved)


def test_one_that_has_its_database_inside_too(home: Path) -> None:
    made_inside(home)
    (home / "var").rename(home / "elsewhere")
    assert place.find(home / "elsewhere/postgres").path == home / "elsewhere/postgres"


def test_a_moved_instance_of_an_older_version_gets_no_empty_database(home: Path) -> None:
    path = made_outside(home)
    forget(home, path)
    (home / "var").rename(home / "elsewhere")
    sign = home / "elsewhere/journal/identity"
    sign.parent.mkdir()
    sign.touch()
    with pytest.raises(Misplaced) as refused:
        place.find(home / "elsewhere/postgres", signs=[sign])
    assert str(path) in str(refused.value), "what may be meant is named"
    note = home / "elsewhere/postgres.place"
    assert str(note) in str(refused.value)
    note.write_text(f"{path}\n")
    assert place.find(home / "elsewhere/postgres", signs=[sign]).path == path


def test_a_copy_of_an_instance_does_not_write_into_the_first_ones_database(home: Path) -> None:
    path = made_outside(home)
    shutil.copytree(home / "var", home / "copy")
    with pytest.raises(Misplaced, match="is a copy of it"):
        place.find(home / "copy/postgres")
    assert place.find(wish(home)).path == path
    shutil.rmtree(home / "var")
    assert place.find(home / "copy/postgres").path == path, "the first one is gone: the copy is it now"


def test_two_that_may_be_meant_are_both_named(home: Path) -> None:
    path = made_outside(home)
    forget(home, path)
    opened(home)
    make(wish(home), Place(wish(home), accounts.unprivileged(), made=True))
    forget(home, wish(home))
    with pytest.raises(Misplaced) as refused:
        place.find(wish(home))
    assert str(path) in str(refused.value)
    assert str(wish(home)) in str(refused.value)
    assert "last used 20" in str(refused.value)
    place.note_of(wish(home)).write_text(f"{path}\n")
    assert place.find(wish(home)).path == path


def test_one_that_is_gone_is_not_replaced(home: Path) -> None:
    path = made_outside(home)
    path.rename(home / "taken-away")
    with pytest.raises(Misplaced, match="is not there"):
        place.find(wish(home))
    (home / "taken-away").rename(path)
    assert place.find(wish(home)).path == path


def test_whoever_owns_it_goes_on_with_it(home: Path) -> None:
    """Root starts what an ordinary user made; an account that is made later changes nothing."""
    opened(home)
    found = Place(wish(home), accounts.Account("daemon", 1, 1), made=False)
    make(wish(home), found)
    assert place.find(wish(home)) == Place(wish(home), accounts.Account("daemon", 1, 1), made=True)
    with pytest.raises(Misplaced, match="chown -R nobody"):
        place.find(wish(home), account="nobody")


@pytest.mark.parametrize(("owner", "said"), [(0, "chown -R nobody"), (54_321, "user id 54321, of which there is no account")])
def test_an_owner_who_cannot_run_it_is_named_with_the_cure(home: Path, owner: int, said: str) -> None:
    opened(home)
    make(wish(home), place.find(wish(home)), owner=owner)
    with pytest.raises(Misplaced, match=said):
        place.find(wish(home))


@contextmanager
def somebody(uid: int) -> Iterator[None]:
    """An ordinary account, as far as files are concerned."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("note", [0o600, 0o644, None])
def test_an_ordinary_user_gets_no_empty_database_beside_roots(home: Path, note: int | None) -> None:
    path = made_outside(home)
    opened(home)
    os.chown(home / "var", 1, 1)
    if note is None:
        forget(home, path)
    else:
        place.note_of(wish(home)).chmod(note)
    with somebody(1), pytest.raises(Misplaced, match="start as before") as refused:
        place.find(wish(home))
    assert str(path if note != 0o600 else place.note_of(wish(home))) in str(refused.value)


def test_system_report_changes_nothing(home: Path) -> None:
    place.find(wish(home))
    assert list((home / "var").iterdir()) == []
