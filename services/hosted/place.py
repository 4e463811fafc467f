"""Finds the folder of an instance's embedded database. It is chosen once, written down beside the database, and never chosen a
second time.

Started as root the database runs as an unprivileged account, which cannot always walk to the instance folder; it lies elsewhere
then. A choice made anew at every start gave another answer as soon as a folder was opened or moved, or another account started
us: an empty database, without a word. So ``<instance>/postgres.place`` names the folder, the folder names the instance, and
where the two do not fit, or several databases could be meant, the start is refused and says what to do. A new database is made
only where nothing says that there was one.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.errors import WorldFailed
from services.hosted import account as accounts
from services.hosted.account import Account, can_reach, place_for
from services.words import reason, said

OWNER_NOTE = "instance"  # in the place: which instance's it is


class Misplaced(WorldFailed):
    """The database of this instance is not where it can be used."""

    code = "misplaced"


@dataclass(frozen=True, slots=True)
class Place:
    """``account`` None: the server runs as we do. ``made``: a database lies there."""

    path: Path
    account: Account | None
    made: bool


def note_of(folder: Path) -> Path:
    """The file beside the wished folder that names the real one."""
    return folder.with_name(f"{folder.name}.place")


def remembered(folder: Path) -> Path | None:
    """What the note says; a relative path moves with the instance. None if there is no note."""
    try:
        text = note_of(folder).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misplaced(said("{file} cannot be read ({why}): start as before", file=note_of(folder), why=reason(error))) from None
    return folder.parent / text


def find(folder: Path, account: str = "", signs: Iterable[Path] = ()) -> Place:
    """The place for the wished ``folder``. Changes nothing.

    ``account``: the one asked for, '' for the owner of what lies there. ``signs``: files that an instance has once it has had
    a database. Raises Misplaced with what to do.
    """
    path = remembered(folder)
    if path is None:
        path = _only_one(folder) or _first(folder, account, signs)
    elif not _holds(path):
        raise Misplaced(_gone(folder, path))
    if not _holds(path):
        return Place(path, accounts.unprivileged(account), made=False)
    whose = _account_of(path, account)
    _reached(folder, path, whose)
    _not_shared(folder, path)
    return Place(path, whose, made=True)


def remember(folder: Path, place: Place) -> None:
    """Write it down on both sides. After the database was made: a note never promises what is not there yet."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    inside = place.path.is_relative_to(folder.parent)
    _write(note_of(folder), f"{place.path.relative_to(folder.parent) if inside else place.path}\n", None)
    _write(place.path / OWNER_NOTE, f"{folder.resolve()}\n", place.account)


def _write(file: Path, text: str, account: Account | None) -> None:
    try:
        if file.read_text(encoding="utf-8") == text:
            return
    except FileNotFoundError:
        pass
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as made:
        made.write(text)
        if account:
            os.fchown(made.fileno(), *account.ids)
    fresh.rename(file)


def _outside(folder: Path) -> list[Path]:
    """The places where root may have put the database."""
    return [base / accounts.outside_name(folder) for base in accounts.PLACES]


def _only_one(folder: Path) -> Path | None:
    """Nothing was written down (an older version made it): the one that lies where one may, None if none does."""
    found = [path for path in (folder, *_outside(folder)) if _holds(path)]
    if len(found) > 1:
        listed = "; ".join(said("{path} (last used {when})", path=path, when=_last_used(path)) for path in found)
        raise Misplaced(said("several databases may be this instance's: {listed}.", listed=listed) + _name_it(folder))
    return found[0] if found else None


def _first(folder: Path, account: str, signs: Iterable[Path]) -> Path:
    """The place of a new database, unless something says that there was one before."""
    if sign := next((sign for sign in signs if sign.exists()), None):
        others = "".join(said(" There is {path}.", path=path) for path in _orphans(folder))
        before = said("this instance was used before ({sign}), and its database is not in {folder}.", sign=sign, folder=folder)
        raise Misplaced(before + others + _name_it(folder) + _begin_empty(sign.parent))
    return place_for(folder, accounts.unprivileged(account))


def _orphans(folder: Path) -> list[Path]:
    """Databases where root puts them whose instance is not known, or no longer where it was."""
    found = []
    for base in accounts.PLACES:
        for path in sorted(base.glob(f"{folder.name}-*")) if base.is_dir() else ():
            owner = _owner_note(path)
            if _holds(path) and (owner is None or not note_of(owner).exists()):
                found.append(path)
    return found


def _gone(folder: Path, path: Path) -> str:
    lay = said("the database of this instance lay in {path}, and is not there.", path=path)
    others = [other for other in (folder, *_outside(folder)) if other != path and _holds(other)]
    there = "".join(said(" There is one in {path}.", path=other) for other in others)
    return lay + there + said(" Bring it back.") + _name_it(folder) + _begin_empty(folder.parent)


def _begin_empty(folder: Path) -> str:
    return said(" To begin with an empty database, move {folder} away.", folder=folder)


def _name_it(folder: Path) -> str:
    return said(" Write the path of the right one into {file}.", file=note_of(folder))


def _holds(path: Path) -> bool:
    """A folder that we may not look into is taken for one that does."""
    try:
        return (path / "data").exists()
    except PermissionError:
        return True


def _last_used(path: Path) -> str:
    try:
        used = (path / "data/global/pg_control").stat().st_mtime
    except OSError:
        return said("not known")
    return f"{datetime.fromtimestamp(used, UTC):%Y-%m-%d %H:%M} UTC"


def _account_of(path: Path, asked: str) -> Account | None:
    """Its owner: PostgreSQL refuses a folder of another account's, and whoever ran it before can go on."""
    try:
        owner = (path / "data").stat().st_uid
    except PermissionError:
        owner = path.stat().st_uid
    root = os.geteuid() == 0
    wanted = accounts.unprivileged(asked) if asked or owner == 0 else None
    if (not root and owner != os.geteuid()) or (wanted and wanted.uid != owner):
        to = wanted.name if wanted else _name(os.geteuid())
        pattern = (
            "the database in {path} belongs to {owner}: start as before, or give it to {to} (as root: `chown -R {to} {path}`)"
        )
        raise Misplaced(said(pattern, path=path, owner=_name(owner), to=to))
    return _of_owner(path, owner) if root else None


def _of_owner(path: Path, owner: int) -> Account:
    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        to = accounts.unprivileged()
        name = to.name if to else "ACCOUNT"
        pattern = "{path} belongs to user id {owner}, of which there is no account: `chown -R {name} {path}`"
        raise Misplaced(said(pattern, path=path, owner=owner, name=name)) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return said("user id {uid}", uid=uid)


def _reached(folder: Path, path: Path, account: Account | None) -> None:
    if account is None or can_reach(account, path.parent):
        return
    closed = next(parent for parent in reversed(path.parents) if not can_reach(account, parent))
    elsewhere = accounts.PLACES[0] / accounts.outside_name(folder)
    pattern = (
        "the account {name} cannot reach the database in {path}: `chmod o+x {closed}`,"
        " or `mv {path} {elsewhere}` and write {elsewhere} into {file}"
    )
    told = said(pattern, name=account.name, path=path, closed=closed, elsewhere=elsewhere, file=note_of(folder))
    raise Misplaced(told)


def _owner_note(path: Path) -> Path | None:
    """The wished folder of the instance that this place says it belongs to."""
    try:
        return Path((path / OWNER_NOTE).read_text(encoding="utf-8").strip())
    except OSError:
        return None


def _not_shared(folder: Path, path: Path) -> None:
    """An instance folder that was moved takes its database along; a copy of one must not write into the first one's."""
    owner = _owner_note(path)
    if owner is None or owner == folder.resolve() or path.is_relative_to(folder.parent):
        return
    try:
        other = remembered(owner)
    except Misplaced:
        return  # not ours to look at
    if other == path and not _same(note_of(owner), note_of(folder)):
        pattern = (
            "the database in {path} is that of {first}, and {copy} is a copy of it: copy the database too (while neither runs),"
            " and write the copy's path into {file}; or remove the folder that is not wanted"
        )
        raise Misplaced(said(pattern, path=path, first=owner.parent, copy=folder.parent, file=note_of(folder)))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
