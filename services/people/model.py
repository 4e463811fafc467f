"""Defines an account before it is made."""

from __future__ import annotations

from dataclasses import dataclass

from services.access.actor import PhoneKind
from services.access.rights import Role
from services.words import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What is needed to make an account; the password apart."""

    login: str
    name: str
    roles: tuple[Role, ...]
    extension: str | None = None
    phone_kind: PhoneKind = "browser"
    language: Language = "zh-CN"
    queues: tuple[str, ...] | None = None
    department: int | None = None
