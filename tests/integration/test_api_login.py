"""Logging in, sessions, throttling (OWASP ASVS V6, V7)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from services.access.browsers import KnownBrowsers
from services.access.passwords import Passwords
from services.access.rights import Role
from services.access.sessions import SessionLimits, Sessions
from services.floor import store
from services.people.actions import People
from services.people.model import NewPerson
from services.store import db
from tests.harness.api import CHEAP, HOTLINES, PASSWORD, Api, account, body_of, serve
from tests.harness.clock import HandClock
from tests.harness.patience import seconds


async def test_a_login_gives_a_cookie_out_of_reach_of_scripts(api: Api) -> None:
    async with (
        api.client() as browser,
        browser.post("/api/login", json={"login": "junior-agent", "password": PASSWORD}) as answer,
    ):
        cookie = answer.headers["Set-Cookie"]
        me = await body_of(answer)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (me["login"], me["extension"], "desk" in me["rights"]) == ("junior-agent", "1001", True)


async def test_the_token_is_not_in_the_database(api: Api) -> None:
    async with api.client("junior-agent") as browser:
        token = next(iter(browser.cookie_jar)).value
        stored = await api.pool.fetchval("select token_hash from session")
    assert token.encode() not in stored
    assert len(stored) == 32


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("junior-agent", "wrong"),
        ("nobody-here", PASSWORD),
        ("junior-agеnt", PASSWORD),  # the second e is Cyrillic
        ("junior-agent", PASSWORD + "\x00"),
        ("junior-agent\x00", PASSWORD),
        ("' or 1=1 --", "x"),
    ],
)
async def test_every_wrong_pair_gets_the_same_answer(api: Api, login: str, password: str) -> None:
    async with api.client() as browser, browser.post("/api/login", json={"login": login, "password": password}) as answer:
        assert answer.status == 401
        assert await body_of(answer) == {"code": "wrong_login", "message": "Login or password is wrong.", "fields": []}
        assert "Set-Cookie" not in answer.headers


async def test_guessing_is_throttled_by_login_even_in_a_burst(api: Api) -> None:
    async with api.client() as browser:

        async def guess(number: int) -> int:
            async with browser.post("/api/login", json={"login": "junior-agent", "password": f"guess {number}"}) as answer:
                return answer.status

        statuses = await asyncio.gather(*(guess(number) for number in range(40)))
        assert statuses.count(401) == 5
        assert statuses.count(429) == 35
        async with browser.post("/api/login", json={"login": "junior-agent", "password": PASSWORD}) as answer:
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 300


async def test_strangers_who_guess_do_not_keep_the_owner_out(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    """Neither at another address, nor, in a browser that is known, at the strangers' own."""
    right, wrong = {"login": "junior-agent", "password": PASSWORD}, {"login": "junior-agent", "password": "a guess of theirs"}
    async with serve(pool, clock, tmp_path, proxies=frozenset({"127.0.0.1"})) as api:

        async def tried(browser: aiohttp.ClientSession, body: dict[str, str], address: str) -> int:
            async with browser.post("/api/login", json=body, headers={"X-Forwarded-For": address}) as answer:
                return answer.status

        async with api.client() as mine, api.client() as new, api.client() as strangers:
            assert await tried(mine, right, "192.0.2.1") == 200
            for _ in range(5):
                assert await tried(strangers, wrong, "198.51.100.1") == 401
            assert await tried(strangers, right, "198.51.100.1") == 429
            assert await tried(new, right, "192.0.2.2") == 200
            for number in range(50):
                await tried(strangers, wrong, f"203.0.113.{number}")
            assert await tried(strangers, wrong, "198.51.100.99") == 429, "all addresses together have a limit too"
            assert await tried(mine, right, "198.51.100.1") == 200, "a known browser gets in, wherever it is"
            for _ in range(5):
                assert await tried(mine, wrong, "192.0.2.1") == 401
            assert await tried(mine, right, "192.0.2.1") == 429, "but does not guess without end"


async def test_who_has_many_ipv6_addresses_guesses_as_from_one(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    wrong = {"login": "qa-inspector", "password": "wrong-wrong"}
    async with serve(pool, clock, tmp_path, proxies=frozenset({"127.0.0.1"})) as api, api.client() as stranger:
        answers = []
        for number in range(6):
            async with stranger.post("/api/login", json=wrong, headers={"X-Forwarded-For": f"2001:db8::{number:x}:1"}) as answer:
                answers.append(answer.status)
    assert answers == [401] * 5 + [429]


@pytest.mark.parametrize("forged", ["", "x", "0" * 32 + "." + "0" * 64])
def test_a_browser_is_known_for_its_own_login_only(forged: str) -> None:
    browsers = KnownBrowsers()
    kept = browsers.make("li")
    assert browsers.name(kept, "li")
    assert browsers.name(kept, "wang") is None
    assert browsers.name(forged, "li") is None
    assert KnownBrowsers().name(kept, "li") is None


async def test_a_throttled_login_opens_again_with_time(api: Api, clock: HandClock) -> None:
    async with api.client() as browser:
        for number in range(6):
            async with browser.post("/api/login", json={"login": "junior-agent", "password": f"guess {number}"}):
                pass
    clock.move(minutes=5, seconds=1)
    async with api.client("junior-agent"):
        pass


async def test_a_password_reset_by_an_administrator_lets_its_owner_in_at_once(api: Api) -> None:
    """As the log-in page says; and nobody else's tries are forgotten with it, nor the address's own."""

    async def tried(browser: aiohttp.ClientSession, login: str, password: str) -> int:
        async with browser.post("/api/login", json={"login": login, "password": password}) as answer:
            return answer.status

    async with api.client("administrator") as office, api.client("junior-agent") as known, api.client() as new:
        for browser in (known, new):
            assert [await tried(browser, "junior-agent", "a guess") for _ in range(6)] == [*[401] * 5, 429]
        assert [await tried(new, "junior-agent2", "a guess") for _ in range(6)] == [*[401] * 5, 429]
        async with office.get("/api/people") as answer:
            person = next(one["id"] for one in await body_of(answer) if one["login"] == "junior-agent")
        async with office.post(f"/api/people/{person}/password") as answer:
            password = (await body_of(answer))["password"]
        for browser in (known, new):
            assert await tried(browser, "junior-agent", password) == 200
        assert await tried(new, "junior-agent2", "a guess") == 429
    assert await api.pool.fetchval("select count(*) from login_failure where key like 'peer:%'") == 15


async def test_the_first_administrator_is_spoken_to_in_the_language_of_the_centre(pool: db.Pool, clock: HandClock) -> None:
    people = People(pool, clock, Sessions(pool, clock, SessionLimits()), Passwords(CHEAP))
    assert await people.first_administrator("en", "Administrator")
    assert await people.first_administrator("zh-CN", "管理员") is None
    assert [(one.login, one.name, one.language) for one in await people.everybody()] == [("admin", "Administrator", "en")]


async def test_a_whole_centre_behind_one_address_can_log_in(api: Api) -> None:
    for _ in range(3):
        async with api.client("junior-agent"), api.client("qa-inspector"), api.client("administrator"):
            pass
    assert await api.pool.fetchval("select count(*) from login_failure") == 0


async def test_a_session_ends_after_idleness_and_after_its_absolute_limit(api: Api, clock: HandClock) -> None:
    async with api.client("junior-agent") as browser:
        for _ in range(25):
            clock.move(minutes=28)
            async with browser.get("/api/me") as answer:
                assert answer.status == 200
        clock.move(minutes=28)  # 12 h 8 min in all
        async with browser.get("/api/me") as answer:
            assert answer.status == 401
    async with api.client("junior-agent") as browser:
        clock.move(minutes=31)
        async with browser.get("/api/me") as answer:
            assert answer.status == 401


async def test_logging_out_ends_the_session_on_the_server(api: Api) -> None:
    async with api.client("junior-agent") as browser:
        token = next(iter(browser.cookie_jar)).value
        async with browser.post("/api/logout") as answer:
            assert answer.status == 204
        async with browser.get("/api/me", headers={"Cookie": f"tingsu_session={token}"}) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("change", [{"roles": ["qa_inspector"]}, {"active": False}, None])
async def test_a_changed_role_a_closed_account_and_a_new_password_end_the_sessions(
    api: Api, change: dict[str, object] | None
) -> None:
    path = f"/api/people/{api.accounts[Role.junior_agent].id}"
    async with api.as_role(Role.junior_agent) as browser, api.as_role(Role.administrator) as office:
        async with office.patch(path, json=change) if change else office.post(f"{path}/password") as answer:
            assert answer.status == 200, await answer.text()
        async with browser.get("/api/me") as answer:
            assert answer.status == 401


@pytest.mark.parametrize(
    "change",
    [{"roles": ["qa_inspector"]}, {"name": "另一个名字"}, {"active": False}, {"extension": None}, {"queues": ["seniors"]}],
)
async def test_whatever_the_queue_or_the_board_shows_of_somebody_with_a_phone_is_told_at_once(
    api: Api, change: dict[str, object]
) -> None:
    agent, rung = api.accounts[Role.junior_agent], asyncio.Event()
    async with api.as_role(Role.administrator) as office, api.pool.acquire() as ear:
        async with office.patch(f"/api/people/{agent.id}", json={"extension": "1001"}) as answer:
            assert answer.status == 200

        def hear(*_: object) -> None:
            rung.set()

        await ear.add_listener("phones_changed", hear)
        async with office.patch(f"/api/people/{agent.id}", json=change) as answer:
            assert answer.status == 200, await answer.text()
        async with asyncio.timeout(seconds(5)):
            await rung.wait()
        await ear.remove_listener("phones_changed", hear)


async def test_a_person_answers_every_queue_or_those_that_are_chosen(api: Api) -> None:
    path = f"/api/people/{api.accounts[Role.junior_agent].id}"
    new = {"login": "fresh", "name": "新人", "roles": ["junior_agent"], "extension": "1009", "queues": ["seniors"]}
    async with api.as_role(Role.administrator) as office:
        async with office.post("/api/people", json=new) as answer:
            assert (await body_of(answer))["person"]["queues"] == ["seniors"]
        for sent, kept in (
            ({"name": "x"}, None),
            ({"queues": ["seniors", "complaints", "seniors"]}, ["seniors", "complaints"]),
            ({"name": "y"}, ["seniors", "complaints"]),
            ({"queues": None}, None),
        ):
            async with office.patch(path, json=sent) as answer:
                assert (await body_of(answer))["queues"] == kept
        for wrong in (["nobodys"], ["seniors", "Seniors"], [], "seniors"):
            async with office.patch(path, json={"queues": wrong}) as answer:
                assert answer.status == 422
                assert (await body_of(answer))["fields"][0]["field"].startswith("queues")
    async with api.pool.acquire() as connection:
        seats = {seat.extension: seat.queues for seat in await store.seats(connection)}
    assert seats["1009"] == ("seniors",)


async def test_who_takes_an_extension_over_gets_a_secret_that_its_last_holder_never_knew(api: Api) -> None:
    agent = api.accounts[Role.junior_agent]
    known = set()

    async def secret_of(login: str, password: str = PASSWORD) -> str:
        async with api.client(login, password) as browser, browser.get("/api/phone") as answer:
            return str((await body_of(answer))["password"])

    async with api.as_role(Role.administrator) as office:
        for extension in ("1001", "1002", "1001"):
            async with office.patch(f"/api/people/{agent.id}", json={"extension": extension}) as answer:
                assert answer.status == 200
            known.add(await secret_of("junior-agent"))
        async with office.patch(f"/api/people/{agent.id}", json={"extension": None}) as answer:
            assert answer.status == 200
    new = NewPerson(login="second", name="second", roles=(Role.junior_agent,), extension="1001")
    await account(api.people, new)
    assert len(known | {await secret_of("second")}) == 4


async def test_an_own_password_ends_the_other_sessions_only(api: Api) -> None:
    async with api.client("junior-agent") as here, api.client("junior-agent") as there:
        async with here.post("/api/me/password", json={"old": PASSWORD, "new": "quite another phrase"}) as answer:
            assert answer.status == 204
        async with here.get("/api/me") as answer:
            assert answer.status == 200
        async with there.get("/api/me") as answer:
            assert answer.status == 401
    async with api.client("junior-agent", "quite another phrase"):
        pass


async def test_a_password_is_made_told_once_and_must_be_changed_first(api: Api) -> None:
    """At the making of an account, and again where it was forgotten: then the one before is good no more."""
    new = {"login": "fresh", "name": "新人", "roles": ["junior_agent"]}
    async with api.as_role(Role.administrator) as office:
        async with office.post("/api/people", json=new) as answer:
            made = await body_of(answer)
            assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store"), made
        await _chooses_first("fresh", made["password"], "chosen by myself", api)
        async with office.post(f"/api/people/{made['person']['id']}/password") as answer:
            again = await body_of(answer)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store"), again
        assert again["password"] != made["password"]
        await _chooses_first("fresh", again["password"], "chosen once more", api)
        for old in (made["password"], "chosen by myself", again["password"]):
            async with api.client() as stranger, stranger.post("/api/login", json={"login": "fresh", "password": old}) as answer:
                assert answer.status == 401
        async with office.get("/api/people") as answer:
            assert "password" not in await answer.text()
        async with office.get("/api/audit") as answer:
            page = await answer.text()
    assert "person.reset" in page
    assert made["password"] not in page
    assert again["password"] not in page


async def _chooses_first(login: str, given: str, chosen: str, api: Api) -> None:
    async with api.client(login, given) as browser:
        async with browser.get("/api/customers") as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (403, "must_change_password")
        async with browser.post("/api/me/password", json={"old": given, "new": chosen}) as answer:
            assert answer.status == 204
        async with browser.get("/api/customers") as answer:
            assert answer.status == 200


async def test_nobody_can_choose_a_password_for_somebody_else(api: Api) -> None:
    new = {"login": "fresh", "name": "新人", "roles": ["junior_agent"], "password": "thought out by me"}
    path = f"/api/people/{api.accounts[Role.junior_agent].id}"
    async with api.as_role(Role.administrator) as office, api.as_role(Role.junior_agent) as agent:
        for asked in (office.post("/api/people", json=new), office.patch(path, json={"password": "thought out by me"})):
            async with asked as answer:
                told = await body_of(answer)
            assert (answer.status, [one["field"] for one in told["fields"]]) == (422, ["password"])
            assert "thought out" not in str(told)
        async with agent.get("/api/me") as answer:
            assert answer.status == 200


async def test_a_found_desk_of_an_administrator_does_not_give_its_password_away(api: Api) -> None:
    boss = api.accounts[Role.administrator]
    async with api.as_role(Role.administrator) as office:
        async with office.post(f"/api/people/{boss.id}/password") as answer:
            assert (answer.status, (await body_of(answer))["code"]) == (409, "own_password")
        async with office.get("/api/me") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("weak", ["aaaaaaaaaaaa", "junior-agent1", "password1234", "1212121212"])
async def test_a_password_that_is_guessed_first_is_refused(api: Api, weak: str) -> None:
    wanted = {"old": PASSWORD, "new": weak}
    async with api.client("junior-agent") as browser, browser.post("/api/me/password", json=wanted) as answer:
        body = await body_of(answer)
    assert answer.status == 422
    assert weak not in str(body)


@pytest.mark.parametrize("new", ["aaaaaaaaaaaa", PASSWORD])
async def test_a_new_password_that_will_not_do_is_no_failed_try(api: Api, new: str) -> None:
    async with api.client("junior-agent") as browser:
        for _ in range(6):
            async with browser.post("/api/me/password", json={"old": PASSWORD, "new": new}) as answer:
                assert answer.status == 422
        async with browser.post("/api/me/password", json={"old": PASSWORD, "new": "quite another phrase"}) as answer:
            assert answer.status == 204


async def test_guessing_the_present_password_is_throttled_like_a_login(api: Api) -> None:
    async with api.client("junior-agent") as browser:
        for number in range(6):
            async with browser.post("/api/me/password", json={"old": f"guess {number}", "new": "quite another phrase"}) as answer:
                assert answer.status == (422 if number < 5 else 429)


async def test_the_last_administrator_stays(api: Api) -> None:
    boss = api.accounts[Role.administrator]
    async with api.as_role(Role.administrator) as office:
        for change in ({"active": False}, {"roles": ["qa_inspector"]}):
            async with office.patch(f"/api/people/{boss.id}", json=change) as answer:
                assert (answer.status, (await body_of(answer))["code"]) == (409, "last_administrator")


async def test_every_login_and_change_is_audited_without_secrets(api: Api) -> None:
    async with api.client() as browser, browser.post("/api/login", json={"login": "junior-agent", "password": "wrong word"}):
        pass
    async with api.as_role(Role.administrator) as office:
        async with office.post(f"/api/people/{api.accounts[Role.qa_inspector].id}/password") as answer:
            made = (await body_of(answer))["password"]
        async with office.get("/api/audit?limit=3") as answer:
            page = await body_of(answer)
    assert [row["action"] for row in page["rows"]] == ["person.reset", "login", "login.failed"]
    assert made not in str(page)
    assert page["next"] is not None


async def test_the_audit_refuses_every_change(api: Api, owner: db.OwnConnection) -> None:
    for sql in ("update audit set action = 'x'", "delete from audit", "truncate audit"):
        with pytest.raises(Exception, match="append-only"):
            await owner.execute(sql)


async def test_whoever_logs_out_is_away_unless_another_desk_is_open(api: Api) -> None:
    person = api.accounts[Role.junior_agent].id
    left_out: list[bytes | None] = []

    def has_desk(of: int, but: bytes | None) -> bool:
        left_out.append(but)
        return of == person and len(left_out) == 1

    async with api.client("junior-agent") as here, api.client("junior-agent") as there:
        away: list[int] = []
        api.people.away, api.people.has_desk = away.append, has_desk
        async with here.post("/api/logout"):
            assert away == []
        async with there.post("/api/logout"):
            assert away == [person]
        assert None not in left_out


async def test_what_was_asked_for_at_a_desk_that_is_gone_is_not_asked_for_at_the_next(api: Api) -> None:
    away: list[int] = []
    api.people.away = away.append
    api.people.has_desk = lambda person, but: True
    async with api.client("junior-agent"):
        assert away == []
    api.people.has_desk = lambda person, but: False
    async with api.client("junior-agent"), api.client("administrator"):
        assert away == [api.accounts[role].id for role in (Role.junior_agent, Role.administrator)]


async def test_whose_sessions_an_administrator_ends_is_away(api: Api) -> None:
    person = api.accounts[Role.junior_agent].id
    async with api.client("junior-agent"), api.client("administrator") as admin:
        away: list[int] = []
        api.people.away = away.append
        async with admin.patch(f"/api/people/{person}", json={"name": "Another"}) as answer:
            assert (answer.status, away) == (200, [])
        async with admin.post(f"/api/people/{person}/password") as answer:
            assert (answer.status, away) == (200, [person])


async def test_the_hotlines_own_number_is_nobodys_extension(api: Api) -> None:
    """The switch could not be given both: the next start would have died of it."""
    agent = api.accounts[Role.junior_agent]
    new = {"login": "li", "name": "李", "roles": ["junior_agent"], "extension": HOTLINES[0]}
    async with api.as_role(Role.administrator) as office:
        for asked in (
            office.post("/api/people", json=new),
            office.patch(f"/api/people/{agent.id}", json={"extension": HOTLINES[0]}),
        ):
            async with asked as answer:
                wrong = (await body_of(answer))["fields"]
            assert (answer.status, [(one["field"], one["code"]) for one in wrong]) == (422, [("extension", "hotline")])


async def test_an_account_of_a_role_nobody_knows_lets_nobody_in_and_keeps_nobody_out(api: Api, owner: db.OwnConnection) -> None:
    await owner.execute("alter table person drop constraint person_roles_check")
    async with api.as_role(Role.junior_agent) as agent, api.as_role(Role.administrator) as office:
        await api.pool.execute("update person set roles = '{dragon}' where login = 'junior-agent'")
        async with agent.get("/api/me") as answer:
            assert answer.status == 401
        async with office.get("/api/people") as answer:
            everybody = {role.replace("_", "-") for role in Role}
            assert {person["login"] for person in await body_of(answer)} == everybody - {"junior-agent"}
    async with (
        api.client() as stranger,
        stranger.post("/api/login", json={"login": "junior-agent", "password": PASSWORD}) as answer,
    ):
        assert (answer.status, (await body_of(answer))["code"]) == (401, "wrong_login")
