"""What is no request of ours: refused with a Problem, nothing changed, the next one is served."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from pathlib import Path

import aiohttp
import pytest

from services.access.rights import Role
from services.routes import CLASSES
from services.store import db
from services.web.http import routes_of
from services.web.server import Limits
from services.web.shapes import Span
from tests.harness.api import Api, body_of, serve
from tests.harness.clock import HandClock

JSON = {"Content-Type": "application/json"}
NUMBER = b'{"number": "13800138000", "name": "%s"}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"number": "13800138000", "number": "13800138001", "name": "x"}',
        b'{"number": "13800138000", "name": NaN}',
        b'{"number": "13800138000", "name": Infinity}',
        b'{"number": "13800138000", "name": 1e400}',
        b'{"number": 9223372036854775808, "name": "x"}',
        b'{"number": 1' + b"0" * 5_000 + b', "name": "x"}',
        b'\xef\xbb\xbf{"number": "13800138000", "name": "x"}',
        '{"number": "13800138000", "name": "x"}'.encode("utf-16"),
        '{"number": "13800138000", "name": "张"}'.encode("gb18030"),
        NUMBER % b"\\ud800",
        NUMBER % b"a\x00b",
    ],
    ids=lambda body: f"{len(body)}:{body[:24]!r}",
)
async def test_what_is_no_plain_json_is_refused(shared_api: Api, body: bytes) -> None:
    async with shared_api.as_role(Role.administrator) as office:
        async with office.post("/api/customers", data=body, headers=JSON) as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (400, "bad_json")
        async with office.get("/api/customers") as answer:
            assert (await body_of(answer))["customers"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"number", "name"}),
        ({"number": 13800138000, "name": "x"}, {"number"}),
        ({"number": "138", "name": "x", "__proto__": {"tier": "big"}, "constructor": 1}, {"__proto__", "constructor"}),
        ({"number": "一三八", "name": ""}, {"number", "name"}),
        ({"number": "88886803/88887803", "name": "x"}, {"number"}),
        ({"number": "138", "name": " \t "}, {"name"}),
        ({"number": "138", "name": "a\u0000b"}, {"name"}),
        ({"number": "138", "name": "line\u2028line"}, {"name"}),
        ({"number": "138", "name": "x" * 81, "tier": "vip", "note": "y" * 401}, {"name", "tier", "note"}),
    ],
)
async def test_every_wrong_field_is_named_at_once(shared_api: Api, body: object, fields: set[str]) -> None:
    async with shared_api.as_role(Role.administrator) as office, office.post("/api/customers", json=body) as answer:
        problem = await body_of(answer)
    assert answer.status == 422
    assert {field["field"] for field in problem["fields"]} == fields


@pytest.mark.parametrize("path", ["/api/login", "/api/customers", f"/api/customer-imports/{'0' * 16}/look", "/api/lexicon"])
@pytest.mark.parametrize("size", [3_000, 200_000, 900_000, 12_000_000])
async def test_a_refusal_is_no_longer_because_the_question_was(shared_api: Api, path: str, size: int) -> None:
    method = "PUT" if path == "/api/lexicon" else "POST"
    unknown = b"{" + b",".join(b'"k%d":0' % number for number in range(size // 12)) + b"}"
    async with shared_api.as_role(Role.administrator) as office:
        for body in (unknown, b'{"%s":0}' % (b"k" * size), b'{"terms":[' + b'{"x":0},' * (size // 9) + b'0],"categories":[]}'):
            try:
                async with office.request(method, path, data=io.BytesIO(body), headers=JSON) as answer:
                    assert answer.status in {400, 413, 422}
                    assert len(await answer.read()) < 12_000
            except aiohttp.ClientOSError:  # the server has hung up while we were still sending
                pass


async def test_what_a_stranger_may_send_is_the_longest_login_and_no_more(shared_api: Api) -> None:
    longest = json.dumps({"login": "\U0001f600" * 64, "password": "\U0001f600" * 256}).encode()
    async with shared_api.client() as stranger:
        async with stranger.post("/api/login", data=longest, headers=JSON) as answer:
            assert answer.status == 401
        async with stranger.post("/api/login", data=longest + b" " * 1_000, headers=JSON) as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (413, "too_large")


async def test_wrong_rows_are_named_each_with_its_fields_but_not_without_end(shared_api: Api) -> None:
    term = {"list": "kind", "code": "complaint", "term": "", "weight": 99}
    async with shared_api.as_role(Role.administrator) as office:
        async with office.put("/api/lexicon", json={"categories": [], "terms": [term] * 3}) as answer:
            named = [field["field"] for field in (await body_of(answer))["fields"]]
        assert named == [f"terms.{row}.{name}" for row in range(3) for name in ("term", "weight")]
        async with office.put("/api/lexicon", json={"categories": [], "terms": [term] * 3_000}) as answer:
            assert (answer.status, len((await body_of(answer))["fields"])) == (422, 40)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=gb18030"},
        {"Content-Type": "application/json" + "; a=b" * 1_000},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "deflate"},
        {},
    ],
    ids=str,
)
async def test_only_plain_json_is_taken(shared_api: Api, headers: dict[str, str]) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    async with (
        shared_api.as_role(Role.administrator) as office,
        office.post("/api/customers", data=bomb, headers=headers, skip_auto_headers={"Content-Type"}) as answer,
    ):
        assert (answer.status, (await body_of(answer))["code"]) == (415, "wrong_type")


async def test_a_body_too_large_is_refused_whether_it_says_so_or_not(api: Api) -> None:
    big = b'{"number": "13800138000", "name": "' + b"x" * 10_000_000 + b'"}'

    async def unsaid() -> object:
        for start in range(0, len(big), 65_536):
            yield big[start : start + 65_536]

    async with api.as_role(Role.administrator) as office:
        for body in (io.BytesIO(big), unsaid()):
            try:
                async with office.post("/api/customers", data=body, headers=JSON) as answer:
                    assert (answer.status, (await body_of(answer))["code"]) == (413, "too_large")
            except aiohttp.ClientOSError:  # the server has hung up while we were still sending
                pass
        async with office.get("/api/customers") as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example:8080"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/api/logout", "/api/login", "/api/customers"])
async def test_another_sites_writes_are_refused(shared_api: Api, path: str, headers: dict[str, str]) -> None:
    async with shared_api.as_role(Role.administrator) as office:
        async with office.post(path, json={"login": "x", "password": "y"}, headers=headers) as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (403, "origin")
        async with office.get("/api/me") as answer:
            assert answer.status == 200


async def test_a_write_from_no_page_at_all_says_where_it_comes_from_or_is_a_program(api: Api) -> None:
    async with aiohttp.ClientSession(api.url) as program:
        for headers, status in (({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({}, 401)):
            async with program.post("/api/logout", headers=headers) as answer:
                assert answer.status == status


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_a_websocket_of_another_site_or_of_no_page_is_refused_before_the_upgrade(api: Api, origin: str | None) -> None:
    async with api.as_role(Role.junior_agent) as browser:
        cookie = next(iter(browser.cookie_jar))
        async with aiohttp.ClientSession(api.url, headers={"Cookie": f"{cookie.key}={cookie.value}"}) as other:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await other.ws_connect("/api/live", headers={"Origin": origin} if origin else {})
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=201", "limit=1_0", "limit=abc", "after=0", "after=1e3", "limit=1&limit=2", "x=1"]
)
async def test_a_query_that_is_not_as_described_is_named(shared_api: Api, query: str) -> None:
    async with shared_api.as_role(Role.administrator) as office, office.get(f"/api/customers?{query}") as answer:
        assert answer.status == 422
        assert (await body_of(answer))["fields"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("0001-01-01T00:00:00Z", 200),
        ("0001-01-01T00:00:00-14:00", 200),
        ("0001-01-01T00:00:00+14:00", 422),
        ("9999-12-31T23:59:59.999999Z", 200),
        ("9999-12-31T23:59:59+14:00", 200),
        ("9999-12-31T23:59:59-14:00", 422),
    ],
)
async def test_a_time_at_the_ends_of_the_calendar_is_taken_if_utc_has_it(
    shared_api: Api, name: str, moment: str, status: int
) -> None:
    async with shared_api.as_role(Role.administrator) as office, office.get("/api/calls", params={name: moment}) as answer:
        assert answer.status == status, await answer.text()


async def test_a_stretch_that_ends_before_it_begins_is_named(shared_api: Api) -> None:
    early, late = "2026-11-23T09:00:00Z", "2026-11-23T09:00:01+00:00"
    async with shared_api.as_role(Role.administrator) as office:
        for begin, end, status in ((early, late, 200), (early, early, 200), (late, early, 422)):
            async with office.get("/api/calls", params={"from": begin, "to": end}) as answer:
                assert (answer.status, [field["field"] for field in (await body_of(answer)).get("fields", [])]) == (
                    (status, ["to"]) if status == 422 else (status, [])
                )


def test_every_pair_of_times_in_a_query_is_such_a_stretch() -> None:
    queries = [route.query for kind in CLASSES for route in routes_of(kind) if route.query]
    pairs = [query for query in queries if {"from", "to"} & {field.alias for field in query.model_fields.values()}]
    assert pairs
    assert all(issubclass(query, Span) for query in pairs)


@pytest.mark.parametrize("search", ["%", "_", "\\", "((((a*)*)*)*)b", ":*&|!", "'; drop table customer; --"])
async def test_a_search_is_text_and_nothing_else(api: Api, search: str) -> None:
    async with api.as_role(Role.administrator) as office:
        for number, name in (("13800138000", "甲"), ("13800138001", f"乙{search}")):
            async with office.post("/api/customers", json={"number": number, "name": name}) as answer:
                assert answer.status == 201
        async with office.get("/api/customers", params={"q": search}) as answer:
            assert [row["number"] for row in (await body_of(answer))["customers"]] == ["13800138001"]


@pytest.mark.parametrize("part", ["0", "-1", "01", "1e3", "9" * 30, "..%2f..%2fetc%2fpasswd", "%00", "x"])
async def test_a_path_that_cannot_be_names_nothing(shared_api: Api, part: str) -> None:
    async with (
        shared_api.as_role(Role.administrator) as office,
        office.patch(f"/api/people/{part}", json={"name": "x"}) as answer,
    ):
        assert answer.status == 404
        await body_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/../config.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fconfig.toml",
        "//etc/passwd",
        "/assets/",
        "/.git/config",
        "/api/nix",
    ],
)
async def test_no_path_reaches_a_file_or_a_listing(shared_api: Api, path: str) -> None:
    reader, writer = await asyncio.open_connection(*shared_api.url.removeprefix("http://").split(":"))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] in {b"404", b"400"}, answer[:200]


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked123\r\n\r\n0\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(300)) + b"\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda raw: f"{raw[:60]!r}",
)
async def test_smuggling_and_oversized_heads_end_the_connection(shared_api: Api, raw: bytes) -> None:
    host, port = shared_api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(raw)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer[:12] == b"HTTP/1.1 400" or answer[:12] == b"HTTP/1.0 400", answer[:200]
    for told in (b"aiohttp", b"python", b"bbbb", b"aaaa"):
        assert told not in answer.lower(), "neither what runs here nor what was sent"
    for header in (b"Server: tingsu\r\n", b"X-Content-Type-Options: nosniff\r\n", b"Content-Security-Policy: ", b"no-store\r\n"):
        assert header in answer


async def test_slow_senders_lose_their_sockets_and_others_are_served(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    async with serve(pool, clock, tmp_path, limits=Limits(idle_s=1.0)) as api:
        host, port = api.url.removeprefix("http://").split(":")
        slow = [await asyncio.open_connection(host, port) for _ in range(300)]
        for _, writer in slow:
            writer.write(b"GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with api.client() as browser, browser.get("/api/health") as answer:
            assert answer.status == 200
        async with asyncio.timeout(15):
            for reader, writer in slow:
                await reader.read()
                writer.close()


async def test_every_answer_carries_the_security_headers(shared_api: Api) -> None:
    async with shared_api.client() as browser:
        for path in ("/", "/api/health", "/api/nix", "/api/me", "/nothing.js"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "unsafe" not in policy
                assert "ws://127.0.0.1:8088" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "aiohttp" not in answer.headers["Server"].lower()


async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(api: Api) -> None:
    async with api.as_role(Role.administrator) as office:
        await api.pool.expire_connections()
        await api.pool.close()
        async with office.get("/api/people") as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (503, "database_away")
            assert answer.headers["Retry-After"]


def test_the_bad_bodies_are_what_they_claim() -> None:
    """The parser under test is not the judge of the cases: Python's own reads what JSON allows."""
    assert json.loads(b'{"number": "1", "number": "2"}') == {"number": "2"}
