from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from services.web.security import Security, origins_for


def test_https_makes_the_cookie_secure_and_bound_to_the_host() -> None:
    headers: dict[str, str] = {}
    Security(origins_for("https://desk.example.org", "127.0.0.1", 8080)).give_cookie(headers, "t", 60)
    assert headers["Set-Cookie"] == "__Host-tingsu_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"


@pytest.mark.parametrize(
    ("public", "host", "port", "origins"),
    [
        ("", "127.0.0.1", 8080, {"http://127.0.0.1:8080", "http://localhost:8080"}),
        ("", "127.0.0.1", 80, {"http://127.0.0.1", "http://localhost"}),  # browsers leave the scheme's own port out
        ("https://Desk.Example.org:443", "127.0.0.1", 80, {"https://desk.example.org"}),
        ("", "::1", 8080, {"http://[::1]:8080"}),
        ("https://desk.example.org", "0.0.0.0", 8080, {"https://desk.example.org"}),
    ],
)
def test_the_origins_are_where_the_desk_is_served(public: str, host: str, port: int, origins: set[str]) -> None:
    assert origins_for(public, host, port) == origins


def test_the_policy_allows_no_inline_and_only_the_switch_outside() -> None:
    policy = Security(origins_for("", "127.0.0.1", 8080), ("wss://switch.example.org:8089/ws",)).policy()
    assert "unsafe" not in policy
    assert "wss://switch.example.org:8089" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(
    ("proxies", "claimed", "peer"),
    [
        ((), "1.2.3.4", "9.9.9.9"),
        (("9.9.9.9",), "1.2.3.4", "1.2.3.4"),
        (("9.9.9.9",), "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (("9.9.9.9", "8.8.8.8"), "6.6.6.6, 1.2.3.4, 8.8.8.8", "1.2.3.4"),
        (("9.9.9.9",), "\u202e", "?"),
    ],
)
def test_only_a_trusted_proxy_says_whom_it_speaks_for(proxies: tuple[str, ...], claimed: str, peer: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": claimed}).clone(remote="9.9.9.9")
    assert Security(frozenset(), (), frozenset(proxies)).peer_of(request) == peer
