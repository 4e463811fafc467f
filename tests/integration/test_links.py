"""Departments without an account: a mail, a link in it, and the answer by it (SPEC O7, O8), through HTTP, SMTP and a real
database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from services.access.rights import RIGHTS, Right, Role
from services.access.throttle import ThrottleLimits
from services.mail.sending import LINE, Postman
from services.orders.links import Letters, LinkPlan
from services.routes import CLASSES
from services.store import db
from services.troubles import Troubles
from services.web.http import Door, routes_of
from tests.harness.api import Api, body_of, serve
from tests.harness.clock import HandClock
from tests.harness.patience import seconds
from tests.harness.post import SENDER, PostOffice, post_office, rude, server
from tests.unit.services.evidence.test_model import exif, jpeg, segment

PHOTO = jpeg(segment(0xE1, exif(6)))
CASE = {
    "kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000",
    "customer_name": "张小满", "address": "深圳市南山区科技路 1 号",
}  # fmt: skip
TASK = "查清张小满的账单并答复 13800138000"
ADDRESS = "network@example.org"
GUESSES = 5
Json = dict[str, Any]


@dataclass
class Centre:
    """A centre whose department has an address, and the mail server."""

    api: Api
    clock: HandClock
    post: PostOffice
    postman: Postman
    keys: list[str] = field(default_factory=list)

    async def ask(self, role: Role, method: str, path: str, wanted: int = 200, **body: object) -> Json:
        async with self.api.as_role(role) as browser, browser.request(method, path, json=body or None) as answer:
            assert answer.status == wanted, await answer.text()
            return dict(await body_of(answer))

    async def dispatch(self) -> Json:
        """An order that has just left for the department, by a senior agent."""
        self.keys.append("k")
        key, senior = f"key-{len(self.keys):06d}", Role.senior_agent
        draft = await self.ask(senior, "POST", "/api/tickets", 201, key=key, fields=CASE)
        ticket = await self.ask(senior, "POST", f"/api/tickets/{draft['id']}/confirm", version=draft["version"])
        network = await self.api.pool.fetchval("select id from department where code = 'network'")
        body: Json = {"key": key, "version": ticket["version"], "department": network, "task": TASK}
        return await self.ask(senior, "POST", f"/api/tickets/{ticket['id']}/orders", 201, **body)

    async def step(self, order: Json, what: str, wanted: int = 200, role: Role = Role.senior_agent, **body: object) -> Json:
        now = await self.api.pool.fetchval("select version from work_order where id = $1", order["id"])
        return await self.ask(role, "POST", f"/api/orders/{order['id']}/{what}", wanted, version=now, **body)

    async def sent(self) -> str:
        """Everything that is due is sent; the token of the last link."""
        while await self.postman.next():
            continue
        return self.post.tokens()[-1]

    async def link(self) -> tuple[Json, str]:
        return await self.dispatch(), await self.sent()

    async def by(self, token: str, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        """What who comes by this link is answered."""
        async with (
            self.api.client() as browser,
            browser.request(method, path, json=body, headers={"Tingsu-Link": token}, **more) as answer,
        ):
            return answer.status, await body_of(answer) if answer.content_type == "application/json" else await answer.read()


def postman(
    pool: db.Pool, clock: HandClock, port: int, *, address: str = "https://desk.example.org", limit_s: float = seconds(10)
) -> Postman:
    letters = Letters(LinkPlan(address, "听诉", 30, ZoneInfo("Asia/Shanghai")), clock)
    return Postman(pool, clock, server(port, limit_s), letters, troubles=Troubles(clock))


@pytest_asyncio.fixture
async def centre(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[Centre]:
    limits = ThrottleLimits(per_peer=GUESSES)
    async with serve(pool, clock, tmp_path, throttle=limits, mails=True) as api, post_office() as post:
        await pool.execute("update department set email = $1 where code = 'network'", ADDRESS)
        yield Centre(api, clock, post, postman(pool, clock, post.port))


async def test_from_the_dispatch_to_the_return_with_a_photo_and_the_case_sees_it(centre: Centre, pool: db.Pool) -> None:
    """SPEC O7, O8: a department answers by a link in a mail, without an account."""
    order, token = await centre.link()
    assert await centre.by(token, "GET", "/api/link") == (
        200,
        {"order": order["id"], "server_time": centre.clock.now().isoformat().replace("+00:00", "Z")},
    )
    status, seen = await centre.by(token, "GET", f"/api/orders/{order['id']}")
    assert (status, seen["may"]) == (200, ["accept", "refuse", "extension", "return"])
    assert (seen["contact_number"], seen["customer_name"]) == ("138****8000", "张小满")
    assert "13800138000" not in seen["task"]
    status, seen = await centre.by(token, "POST", f"/api/orders/{order['id']}/accept", {"version": seen["version"]})
    assert (status, seen["state"]) == (200, "accepted")
    until = {"version": seen["version"], "until": "2026-12-24T09:00:00Z", "reason": "要等零件"}
    assert (await centre.by(token, "POST", f"/api/orders/{order['id']}/extension", until))[0] == 200
    query = {"version": str(seen["version"]), "name": "机房.jpg"}
    status, added = await centre.by(token, "POST", f"/api/orders/{order['id']}/evidence", params=query, data=PHOTO)
    assert status == 201, added
    status, photo = await centre.by(token, "GET", f"/api/evidence/{added['id']}")
    assert (status, photo[:3]) == (200, b"\xff\xd8\xff")
    answer = {"version": seen["version"], "answer": "已退费"}
    status, seen = await centre.by(token, "POST", f"/api/orders/{order['id']}/return", answer)
    assert (status, seen["state"], seen["may"]) == (200, "returned", [])
    of_case = await centre.ask(Role.senior_agent, "GET", f"/api/orders/{order['id']}")
    assert (of_case["state"], of_case["answer"], of_case["evidence"]) == ("returned", "已退费", 1)
    assert of_case["extensions"][0]["asked_by"] == "网络 · 链接 link"
    async with centre.api.as_role(Role.senior_agent) as senior:
        journal = await (await senior.get(f"/api/orders/{order['id']}/journal")).json()
    assert [(row["action"], row["by"]) for row in journal if row["action"] in {"accept", "return"}] == [
        ("accept", "网络 · 链接 link"),
        ("return", "网络 · 链接 link"),
    ]
    rows = await pool.fetch("select distinct a.action from audit a join person p on p.id = a.person_id where p.by_link")
    assert {row["action"] for row in rows} == {"order.read", "evidence.add", "evidence.read"}


async def test_the_mail_says_number_deadline_and_link_and_nothing_of_the_customer(centre: Centre, pool: db.Pool) -> None:
    order, token = await centre.link()
    (mail,) = centre.post.mails
    assert (mail["To"], mail["Auto-Submitted"]) == (ADDRESS, "auto-generated")
    assert mail["From"] == f"听诉 <{SENDER}>"
    said = f"{mail['Subject']}\n{mail.get_content()}"
    assert order["number"] in said
    assert f"https://desk.example.org/answer#{token}" in said
    for personal in ("13800138000", "138", "张小满", "南山区", "账单", "多收"):
        assert personal not in said
    rows = await pool.fetch("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    tables = [row["relname"] for row in rows]
    for table in tables:
        assert not await pool.fetchval(f'select exists (select from "{table}" t where strpos(t::text, $1) > 0)', token), table


async def test_a_link_opens_its_one_order_and_no_other_route(centre: Centre) -> None:
    (_, first), (other, _) = await centre.link(), await centre.link()
    for path in ("", "/clocks", "/evidence"):
        assert (await centre.by(first, "GET", f"/api/orders/{other['id']}{path}"))[0] == 404, path
    for step, more in (("accept", {}), ("refuse", {"reason": "r"}), ("return", {"answer": "a"})):
        body = {"version": other["version"], **more}
        assert (await centre.by(first, "POST", f"/api/orders/{other['id']}/{step}", body))[0] == 403, step
    assert (await centre.ask(Role.senior_agent, "GET", f"/api/orders/{other['id']}"))["version"] == other["version"]
    opened = set()
    for route in (route for kind in CLASSES for route in routes_of(kind)):
        if route.rights is Door.PUBLIC:
            continue
        path = route.path
        for name in route.path_kinds:
            path = path.replace(f"{{{name}}}", "tingsu-1.1" if name == "call_id" else "999999")
        async with (
            centre.api.client() as browser,
            browser.request(route.method, path, headers={"Tingsu-Link": first}) as answer,
        ):
            if answer.status != 403:
                opened.add(f"{route.method} {route.path}")
    assert opened == {
        "GET /api/link",
        "GET /api/orders/{order_id}",
        "GET /api/orders/{order_id}/clocks",
        "POST /api/orders/{order_id}/accept",
        "POST /api/orders/{order_id}/refuse",
        "POST /api/orders/{order_id}/return",
        "POST /api/orders/{order_id}/extension",
        "POST /api/orders/{order_id}/evidence",
        "GET /api/orders/{order_id}/evidence",
        "GET /api/evidence/{evidence_id}",
    }


@pytest.mark.parametrize("step", ["return", "refuse"])
async def test_a_link_is_spent_by_the_answer_and_done_once_more_comes_with_a_new_one(centre: Centre, step: str) -> None:
    order, token = await centre.link()
    body = {"version": order["version"], **({"answer": "已办"} if step == "return" else {"reason": "不归我们"})}
    assert (await centre.by(token, "POST", f"/api/orders/{order['id']}/{step}", body))[0] == 200
    status, said = await centre.by(token, "GET", "/api/link")
    assert (status, said["code"]) == (410, "link_over")
    if step == "return":
        await centre.step(order, "redo", hours=4, reason="没有说清")
    else:
        await centre.step(order, "uphold", reason="归你们")
    fresh = await centre.sent()
    assert (await centre.by(token, "GET", "/api/link"))[0] == 410
    assert (await centre.by(fresh, "GET", "/api/link"))[0] == 200


async def test_a_withdrawn_order_ends_its_links_and_mails_that_have_not_left_and_says_so(centre: Centre, pool: db.Pool) -> None:
    """SPEC N3: at once, also to whoever has nothing but the mail."""
    order, token = await centre.link()
    await centre.step(order, "chase", task="再查", urgent=True, reason="客户又来")
    await centre.step(order, "withdraw", reason="客户撤诉")
    assert (await centre.by(token, "GET", f"/api/orders/{order['id']}"))[0] == 410
    while await centre.postman.next():
        continue
    _, last = centre.post.mails
    assert ("工单已撤销" in str(last["Subject"]), order["number"] in last.get_content()) == (True, True)
    assert "http" not in last.get_content()
    assert await pool.fetchval("select array_agg(state order by id) from mail") == ["sent", "dropped", "sent"]


async def test_a_department_that_is_mailed_hears_that_it_gets_no_more_time(centre: Centre) -> None:
    """SPEC O7."""
    order, token = await centre.link()
    until = {"version": order["version"], "until": "2026-12-24T09:00:00Z", "reason": "要等零件"}
    assert (await centre.by(token, "POST", f"/api/orders/{order['id']}/extension", until))[0] == 200
    await centre.step(order, "extension/decision", granted=False, note="客户等不了")
    fresh = await centre.sent()
    assert "延期申请未获批准" in str(centre.post.mails[-1]["Subject"])
    assert [(await centre.by(one, "GET", "/api/link"))[0] for one in (token, fresh)] == [200, 200]


async def test_a_link_is_good_for_its_days_and_no_longer(centre: Centre) -> None:
    _, token = await centre.link()
    centre.clock.move(days=29.9)
    assert (await centre.by(token, "GET", "/api/link"))[0] == 200
    centre.clock.move(days=0.1)
    assert (await centre.by(token, "GET", "/api/link"))[0] == 410


async def test_who_guesses_is_slowed_down(centre: Centre) -> None:
    _, token = await centre.link()
    for number in range(GUESSES):
        guess = ("A" * 42 + str(number)) if number else "short"
        status, said = await centre.by(guess, "GET", "/api/link")
        assert (status, said["code"]) == (401, "link_unknown")
    assert (await centre.by("B" * 43, "GET", "/api/link"))[0] == 429
    assert (await centre.by(token, "GET", "/api/link"))[0] == 429
    centre.clock.move(minutes=6)
    assert (await centre.by(token, "GET", "/api/link"))[0] == 200


async def test_two_tabs_answer_once(centre: Centre) -> None:
    order, token = await centre.link()
    body = {"version": order["version"]}
    tabs = await asyncio.gather(*(centre.by(token, "POST", f"/api/orders/{order['id']}/accept", body) for _ in range(2)))
    assert sorted(status for status, _ in tabs) == [200, 409]


async def test_chases_and_reminders_bring_links_of_their_own_and_all_are_good(centre: Centre) -> None:
    """SPEC V3, O7."""
    order, _ = await centre.link()
    await centre.step(order, "chase", task="再查", urgent=True, reason="客户又来")
    await centre.sent()
    await centre.step(order, "remind")
    await centre.sent()
    subjects = [str(mail["Subject"]) for mail in centre.post.mails]
    assert ["工单有变动" in subjects[1], "催单" in subjects[2], "加急" in subjects[1]] == [True, True, True]
    tokens = centre.post.tokens()
    assert len(set(tokens)) == 3
    assert [(await centre.by(token, "GET", "/api/link"))[0] for token in tokens] == [200, 200, 200]


async def test_nobody_is_the_account_of_a_link(centre: Centre, pool: db.Pool) -> None:
    await centre.link()
    made = await pool.fetchrow("select id, login from person where by_link")
    assert made is not None
    async with centre.api.as_role(Role.administrator) as administrator:
        people = await (await administrator.get("/api/people")).json()
        assert made["id"] not in {one["id"] for one in people}
        for method, path, body in (("PATCH", "", {"name": "X"}), ("POST", "/password", None)):
            async with administrator.request(method, f"/api/people/{made['id']}{path}", json=body) as answer:
                assert answer.status == 404, path
    async with centre.api.client() as stranger:
        for password in ("", "x"):
            async with stranger.post("/api/login", json={"login": made["login"], "password": password}) as answer:
                assert answer.status in {401, 409, 422}, await answer.text()


async def test_a_mail_that_left_before_we_died_leaves_again_as_the_same_one(centre: Centre, pool: db.Pool) -> None:
    await centre.dispatch()
    came, never = asyncio.Event(), asyncio.Event()

    async def held() -> None:
        came.set()
        await never.wait()

    centre.post.taking = held
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(centre.postman.next(), name="postman")
        await came.wait()
        sending.cancel()
    centre.post.taking = None
    assert not await centre.postman.next()  # its lease: nobody else takes it
    async with db.connection(pool) as taken:
        await LINE.release(taken, centre.clock.now(), counts=True)
    await centre.sent()
    first, second = centre.post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert [(await centre.by(token, "GET", "/api/link"))[0] for token in centre.post.tokens()] == [200, 200]
    assert await pool.fetchval("select state from mail") == "sent"


async def test_a_server_that_never_says_goodbye_has_the_mail_once(centre: Centre, pool: db.Pool) -> None:
    await centre.dispatch()
    over = asyncio.Event()
    centre.post.leaving = over.wait
    assert await postman(pool, centre.clock, centre.post.port, limit_s=seconds(5)).next()
    over.set()
    assert await pool.fetchval("select state from mail") == "sent"
    assert len(centre.post.mails) == 1


async def test_a_server_that_refuses_for_good_is_set_aside_and_tried_again_when_somebody_says_so(
    centre: Centre, pool: db.Pool
) -> None:
    order = await centre.dispatch()
    centre.post.recipient = "550 no such mailbox network@example.org"
    assert await centre.postman.next()
    aside = await centre.ask(Role.administrator, "GET", "/api/system/aside")
    assert [(item["kind"], item["thing"], item["reason"]) for item in aside["items"]] == [
        ("mail", order["number"], "recipient_refused 550")
    ]
    centre.post.recipient = "250 OK"
    assert not await centre.postman.next()
    assert (await centre.ask(Role.administrator, "POST", "/api/system/aside/retry", kind="mail")) == {"taken": 1}
    await centre.sent()
    assert await pool.fetchval("select state from mail") == "sent"


@pytest.mark.parametrize("how", ["later", "sender", "garbage", "hangs_up", "silent", "away"])
async def test_a_server_that_cannot_now_is_asked_again_for_two_days(centre: Centre, pool: db.Pool, how: str) -> None:
    await centre.dispatch()
    words = {"garbage": b"\xff\x00" * 4000 + b"\r\n", "hangs_up": b"220 hello\r\n"}.get(how)
    async with rude(words) as port:
        if how == "later":
            centre.post.data = "451 greylisted"
            port = centre.post.port
        elif how == "sender":  # about us: our login, our address, our quota
            centre.post.sender = "530 authenticate first"
            port = centre.post.port
        elif how == "away":
            port = 1  # nobody listens there
        one = postman(pool, centre.clock, port, limit_s=0.2 if how == "silent" else seconds(10))
        assert await one.next()
        row = await pool.fetchrow("select state, error from mail")
        assert row is not None
        assert (row["state"], bool(row["error"])) == ("waiting", True)
        assert ADDRESS not in row["error"]
        unsure = how == "hangs_up"  # it took the call, and may have taken the mail; elsewhere certainly nobody has the link
        assert await pool.fetchval("select exists (select from order_link)") == unsure
        assert not await one.next()
        centre.clock.move(hours=48)
        assert await one.next()
        assert await pool.fetchval("select state from mail") == "failed"
    centre.post.data = centre.post.sender = "250 OK"


async def test_without_mail_or_an_address_nothing_is_written(pool: db.Pool, clock: HandClock, tmp_path: Path) -> None:
    async with serve(pool, clock, tmp_path) as api, post_office() as post:
        silent = Centre(api, clock, post, postman(pool, clock, post.port))
        await pool.execute("update department set email = $1", ADDRESS)
        await silent.dispatch()
    assert not await pool.fetchval("select exists (select from mail)")


async def test_a_department_without_an_address_hears_in_the_desk_alone(centre: Centre, pool: db.Pool) -> None:
    await pool.execute("update department set email = ''")
    await centre.dispatch()
    assert not await pool.fetchval("select exists (select from mail)")


async def test_an_address_that_is_taken_away_is_not_written_to(centre: Centre, pool: db.Pool) -> None:
    await centre.dispatch()
    await pool.execute("update department set email = ''")
    assert await centre.postman.next()
    assert await pool.fetchval("select state from mail") == "dropped"
    assert not centre.post.mails


async def departments(centre: Centre, **changes: object) -> Json:
    """Of the network's department these are other from now on."""
    async with centre.api.as_role(Role.administrator) as browser:
        there = await (await browser.get("/api/departments")).json()
    rows = [{name: value for name, value in one.items() if name != "id"} for one in there["departments"]]
    body = {"number": there["number"], "departments": [{**one, **changes} for one in rows], "rules": there["rules"]}
    return await centre.ask(Role.administrator, "PUT", "/api/departments", **body)


async def test_another_address_ends_the_links_that_went_to_the_old_one_and_has_one_of_its_own(centre: Centre) -> None:
    _, old = await centre.link()
    await departments(centre, en="Networks")
    assert (await centre.by(old, "GET", "/api/link"))[0] == 200
    await departments(centre, email="right@example.org")
    status, said = await centre.by(old, "GET", "/api/link")
    assert (status, said["code"]) == (410, "link_over")
    fresh = await centre.sent()
    assert [mail["To"] for mail in centre.post.mails] == [ADDRESS, "right@example.org"]
    assert (await centre.by(fresh, "GET", "/api/link"))[0] == 200


async def test_without_an_address_or_switched_off_a_department_has_no_link_and_no_mail(centre: Centre, pool: db.Pool) -> None:
    order, first = await centre.link()
    await departments(centre, active=False)
    assert (await centre.by(first, "GET", "/api/link"))[0] == 410
    await centre.step(order, "remind")
    assert not await centre.postman.next()
    await departments(centre, active=True)
    second = await centre.sent()
    await departments(centre, email="")
    assert (await centre.by(second, "GET", "/api/link"))[0] == 410
    assert await pool.fetchval("select array_agg(state order by id) from mail") == ["sent", "sent"]


async def test_a_mail_that_the_old_address_refused_is_not_tried_again_beside_the_new_one(centre: Centre, pool: db.Pool) -> None:
    await centre.dispatch()
    centre.post.recipient = "550 no such mailbox"
    assert await centre.postman.next()
    centre.post.recipient = "250 OK"
    await departments(centre, email="right@example.org")
    await centre.sent()
    assert [mail["To"] for mail in centre.post.mails] == ["right@example.org"]
    assert await pool.fetchval("select array_agg(state order by id) from mail") == ["dropped", "sent"]


async def test_going_back_to_an_older_edition_leaves_the_addresses_as_they_are(centre: Centre, pool: db.Pool) -> None:
    """SPEC O8: what an older edition has may be the wrong address that was put right since, or none."""
    await departments(centre, email="wrong@example.org")
    now = await departments(centre, email="right@example.org", en="Networks")
    back = await centre.ask(Role.administrator, "POST", "/api/departments/back", number=now["number"], to=1)
    assert [(one["en"], one["email"]) for one in back["departments"]] == [("Network", "right@example.org")]


async def test_who_does_not_know_of_addresses_wipes_none(centre: Centre, pool: db.Pool) -> None:
    row = {"code": "network", "zh": "网络", "en": "Network", "hours": 24}
    await centre.ask(Role.administrator, "PUT", "/api/departments", 422, number=0, departments=[row], rules=[])
    await centre.ask(Role.administrator, "PUT", "/api/departments", number=0, departments=[{**row, "email": None}], rules=[])
    assert await pool.fetchval("select email from department") == ""


async def test_what_waits_goes_to_the_new_address_once(centre: Centre, pool: db.Pool) -> None:
    await centre.dispatch()
    await departments(centre, email="right@example.org")
    await centre.sent()
    assert [(mail["To"], "有新的工单" in str(mail["Subject"])) for mail in centre.post.mails] == [("right@example.org", True)]
    assert await pool.fetchval("select count(*) from mail") == 1


def test_no_role_has_the_right_of_a_link() -> None:
    assert all(Right.ORDERS_LINK not in RIGHTS[role] for role in Role)
