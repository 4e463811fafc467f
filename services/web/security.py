"""Sets the headers of every answer, decides whose requests we take, and sets the session's cookie.

The page gets no inline script and no foreign origin. The one address outside our own that it may talk to is the switch's
websocket (the softphone).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from services.web.problems import WrongOrigin

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), speaker-selection=(self), autoplay=(self), camera=(), geolocation=(), payment=()",
    "Server": "tingsu",
}


@dataclass(frozen=True, slots=True)
class Security:
    """``origins``: where our own pages are served from (``http://127.0.0.1:8080``). ``switch_ws``: the softphone's address.

    ``proxies``: addresses whose word on whom they speak for is believed.
    """

    origins: frozenset[str]
    switch_ws: tuple[str, ...] = ()
    proxies: frozenset[str] = frozenset()

    @property
    def https(self) -> bool:
        return all(origin.startswith("https:") for origin in self.origins) and bool(self.origins)

    @property
    def cookie(self) -> str:
        return "__Host-tingsu_session" if self.https else "tingsu_session"

    def headers(self) -> dict[str, str]:
        """The same for every answer; made once."""
        headers = {**FIXED_HEADERS, "Content-Security-Policy": self.policy()}
        if self.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers

    def policy(self) -> str:
        """No inline script, no eval, no foreign origin. Style *attributes* set by script pass without an exemption."""
        own_ws = (origin.replace("http", "ws", 1) for origin in sorted(self.origins))  # older browsers: 'self' leaves ws out
        connect = " ".join(("'self'", *own_ws, *(origin_of(url) for url in self.switch_ws)))
        rules = (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "worker-src 'self'",
            "manifest-src 'self'",
            f"connect-src {connect}",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
        return "; ".join(rules)

    def peer_of(self, request: web.Request) -> str:
        """The address that asks: the nearest trusted proxy says it, never a stranger."""
        peer = request.remote or ""
        claimed = [part.strip() for line in request.headers.getall("X-Forwarded-For", ()) for part in line.split(",")]
        while peer in self.proxies and claimed:
            peer = claimed.pop()
        return peer[:64] if peer.isascii() and peer.isprintable() else "?"

    def check_origin(self, request: web.Request, *, websocket: bool = False) -> None:
        """Refuse what another site's page sends with our cookie. Browsers always say where a write or a websocket comes from."""
        if request.method in SAFE_METHODS and not websocket:
            return
        origin = request.headers.get("Origin")
        if origin is not None:
            allowed = origin in self.origins
        else:  # a program, not a page; but a websocket is only opened by pages
            allowed = not websocket and request.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}
        if not allowed:
            raise WrongOrigin

    @property
    def browser_cookie(self) -> str:
        return "__Host-tingsu_browser" if self.https else "tingsu_browser"

    def know_browser(self, headers: CIMultiDict[str], name: str) -> None:
        """Beside the session's cookie one that outlives it: a year."""
        secure = "; Secure" if self.https else ""
        cookie = f"{self.browser_cookie}={name}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}"
        headers.add("Set-Cookie", cookie)

    def give_cookie(self, headers: CIMultiDict[str], token: str, max_age_s: int) -> None:
        """Set the session's cookie: out of reach for scripts, never sent along by other sites' writes."""
        secure = "; Secure" if self.https else ""
        headers["Set-Cookie"] = f"{self.cookie}={token}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}"

    def take_cookie(self, headers: CIMultiDict[str]) -> None:
        """Make the browser forget it."""
        self.give_cookie(headers, "", 0)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def origins_for(public_url: str, host: str, port: int) -> frozenset[str]:
    """The configured public address; without one, the listening address, by both its loopback names.

    As browsers write it: without the port where it is the scheme's own.
    """
    if public_url:
        return frozenset({origin_of(public_url.lower()).removesuffix(":443" if public_url.startswith("https") else ":80")})
    everywhere = host in {"127.0.0.1", "localhost", "0.0.0.0", ""}  # noqa: S104  # compared, not bound
    names = ("127.0.0.1", "localhost") if everywhere else (f"[{host}]" if ":" in host else host,)
    return frozenset(f"http://{name}" + (f":{port}" if port != 80 else "") for name in names)
