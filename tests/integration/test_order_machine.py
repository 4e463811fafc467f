"""Work orders under whatever people press: a small model says what must be possible, by whom, and what comes of it.

The model is written by hand from SPEC (A6, N2–N5, O7, O8) and knows nothing of the code's tables. Each example is one case, with
people of both sides who press anything at any moment, on a real database and over HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest_asyncio
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from services.store import db
from tests.harness.clock import HandClock
from tests.harness.office import Office, office

CASE = {"kind": "complaint", "business": "data", "nature": "tariff", "description": "多收了钱", "customer_number": "13800138000"}
REFUSALS = 2
SENIORS = ("zhao", "qian", "boss")
CENTRE = ("li", "wang", *SENIORS)
OFFICERS = {"net": "network", "bill": "billing"}
EVERYBODY = (*CENTRE, *OFFICERS)
OVER = ("done", "withdrawn", "dropped")
Result = TypeVar("Result")
Json = dict[str, Any]

any_of_centre = st.sampled_from(CENTRE)
anybody = st.sampled_from(EVERYBODY)
departments = st.sampled_from(sorted(OFFICERS.values()))
places = st.integers(min_value=0, max_value=5)


@dataclass
class Waiting:
    """A paper that has not left."""

    verb: str
    author: str
    sent_back: bool = False


@dataclass
class Known:
    """What must be true of an order."""

    id: int
    department: str
    state: str
    paper: Waiting | None = None
    refusals: int = 0
    binding: bool = False
    asked: bool = False
    """More time is asked for, and nobody has decided."""
    days: int = 10
    """The longest time that was granted, or more: who asks for more time asks for more than there is."""

    @property
    def final(self) -> bool:
        return self.state == "refused" and self.refusals >= REFUSALS

    @property
    def theirs(self) -> bool:
        """It is the department's turn."""
        return self.state in ("issued", "accepted")

    @property
    def left(self) -> bool:
        """It has been the department's, and is known there."""
        return self.state not in ("proposed", "dropped")

    def become(self, state: str) -> None:
        """What is over takes with it what had not left."""
        self.state = state
        if state in OVER:
            self.paper = None


@dataclass
class World:
    """The office, and the loop that it runs on; Hypothesis is in a thread."""

    desk: Office
    clock: HandClock
    loop: asyncio.AbstractEventLoop
    departments: dict[str, int]
    made: int = 0

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def ask(self, login: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        return self.wait(self.desk.ask(login, method, path, body))


@pytest_asyncio.fixture
async def world(pool: db.Pool, clock: HandClock, tmp_path: Path) -> AsyncIterator[World]:
    async with office(pool, clock, tmp_path, drained=False) as desk:
        departments = {code: await desk.department(code) for code in OFFICERS.values()}
        for login in ("li", "wang"):
            await desk.hire(login)
        for login in ("zhao", "qian"):
            await desk.hire(login, "senior_agent")
        await desk.hire("boss", "manager")
        for login, code in OFFICERS.items():
            await desk.hire(login, "department_officer", department=departments[code])
        yield World(desk, clock, asyncio.get_running_loop(), departments)


class Case(RuleBasedStateMachine):
    """One complaint of agent Li's."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Known] = []
        self.ticket = 0

    @initialize()
    def is_confirmed(self) -> None:
        world = self.world
        world.made += 1
        _, draft = world.ask("li", "POST", "/api/tickets", {"key": f"case-{world.made:06d}", "fields": CASE})
        status, ticket = world.ask("li", "POST", f"/api/tickets/{draft['id']}/confirm", {"version": draft["version"]})
        assert status == 200, ticket
        self.ticket = ticket["id"]

    # what the centre does ---------------------------------------------------------------------------------------------

    @rule(login=any_of_centre, department=departments)
    def dispatch(self, login: str, department: str) -> None:
        allowed = login in ("li", *SENIORS) and not self._led()
        self.world.made += 1
        _, ticket = self.world.ask("li", "GET", f"/api/tickets/{self.ticket}")
        wish = {"key": f"order-{self.world.made:06d}", "version": ticket["version"], **self._wish(department)}
        status, answer = self.world.ask(login, "POST", f"/api/tickets/{self.ticket}/orders", wish)
        self._check(allowed, status, answer, 201)
        if allowed:
            self.orders.append(self._new(answer["id"], department, login))

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre)
    def chase(self, place: int, login: str) -> None:
        order = self._order(place)
        allowed = login in ("li", *SENIORS) and order.theirs and not order.paper
        body = {"task": "请加快", "urgent": True, "reason": "客户又来电"}
        if self._step(order, login, "chase", allowed, **body) and login not in SENIORS:
            order.paper = Waiting("chase", login)

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre)
    def withdraw(self, place: int, login: str) -> None:
        order = self._order(place)
        senior = login in SENIORS
        allowed = (senior or login == "li") and (order.theirs or order.state in ("refused", "returned"))
        allowed &= (login == "boss" or not order.final) and (senior or not order.paper)
        if self._step(order, login, "withdraw", allowed, reason="客户不要了"):
            if senior:
                order.become("withdrawn")
            else:
                order.paper = Waiting("withdraw", login)

    @precondition(lambda self: any(order.paper for order in self.orders))
    @rule(place=places, login=any_of_centre, verdict=st.sampled_from(["approve", "send_back", "answer"]))
    def review(self, place: int, login: str, verdict: str) -> None:
        order = self._with_paper(place)
        paper = order.paper
        assert paper
        allowed = login in SENIORS and login != paper.author and not paper.sent_back
        if verdict == "answer":
            allowed &= paper.verb == "dispatch"
        elif verdict == "approve":
            allowed &= {
                "dispatch": order.state == "proposed",
                "chase": order.theirs,
                "withdraw": order.state in ("issued", "accepted", "refused", "returned") and (login == "boss" or not order.final),
            }[paper.verb]
        seen = self._paper(order)
        body = {"version": seen["version"], "verdict": verdict, "reason": "因为"}
        status, answer = self.world.ask(login, "POST", f"/api/papers/{seen['id']}/review", body)
        self._check(allowed, status, answer)
        if allowed and verdict == "send_back":
            paper.sent_back = True
        elif allowed:
            order.paper = None
            self._left(order, paper.verb, approved=verdict == "approve")

    @precondition(lambda self: any(order.paper for order in self.orders))
    @rule(place=places, login=any_of_centre)
    def rewrite(self, place: int, login: str) -> None:
        order = self._with_paper(place)
        assert order.paper
        allowed = login == order.paper.author
        seen = self._paper(order)
        body = {"version": seen["version"], "task": "再说清楚", "urgent": False, "reason": "按意见改"}
        status, answer = self.world.ask(login, "PUT", f"/api/papers/{seen['id']}", body)
        self._check(allowed, status, answer)
        order.paper.sent_back &= not allowed

    @precondition(lambda self: any(order.paper for order in self.orders))
    @rule(place=places, login=any_of_centre)
    def drop(self, place: int, login: str) -> None:
        order = self._with_paper(place)
        assert order.paper
        allowed = login == order.paper.author or login in SENIORS
        verb = order.paper.verb
        seen = self._paper(order)
        status, answer = self.world.ask(login, "POST", f"/api/papers/{seen['id']}/drop", {"version": seen["version"]})
        self._check(allowed, status, answer)
        if allowed:
            order.paper = None
            if verb == "dispatch":
                order.become("dropped")

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre, step=st.sampled_from(["uphold", "redo", "settle"]))
    def decide(self, place: int, login: str, step: str) -> None:
        order = self._order(place)
        if step == "uphold":
            allowed = login in SENIORS and order.state == "refused" and (login == "boss" or not order.final)
            final = order.final
            if self._step(order, login, step, allowed, reason="是你们的"):
                order.binding |= final
                order.become("issued")
        elif step == "redo":
            allowed = login in SENIORS and order.state == "returned"
            if self._step(order, login, step, allowed, reason="没有解决", hours=8):
                order.become("issued")
                order.asked = False  # the new deadline was the answer
        else:
            allowed = login in ("li", *SENIORS) and order.state == "returned"
            if self._step(order, login, step, allowed):
                order.become("done")

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre, department=departments)
    def redirect(self, place: int, login: str, department: str) -> None:
        order = self._order(place)
        allowed = login in SENIORS and order.state == "refused" and (login == "boss" or not order.final)
        refused = any(one.department == department and one.refusals for one in self.orders)
        more = {**self._wish(department), "reason": "是他们的"}
        answer = self._step(order, login, "redirect", allowed, 422 if refused else 201, **more)
        if refused:
            return
        if answer:
            order.become("withdrawn")
            self.orders.append(Known(answer["id"], department, "issued"))

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre, department=departments)
    def second(self, place: int, login: str, department: str) -> None:
        order = self._order(place)
        allowed = login in SENIORS and order.state == "done" and not self._led()
        more = {**self._wish(department), "reason": "客户不满意", "warning": "上次没有解决"}
        if order.department != department:
            self._step(order, login, "second", login in SENIORS and order.state == "done", 422, **more)
            return
        answer = self._step(order, login, "second", allowed, 201, **more)
        if answer:
            assert answer["warning"]["number"]
            self.orders.append(Known(answer["id"], department, "issued"))

    @precondition(lambda self: self.orders)
    @rule(place=places, login=any_of_centre, granted=st.booleans())
    def decide_time(self, place: int, login: str, granted: bool) -> None:
        order = self._order(place)
        allowed = login in SENIORS and order.asked and (order.theirs or not granted)
        if self._step(order, login, "extension/decision", allowed, granted=granted):
            order.asked = False
            order.days += granted

    # what departments do ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(place=places, login=st.sampled_from(sorted(OFFICERS)), step=st.sampled_from(["accept", "refuse", "return"]))
    def answer(self, place: int, login: str, step: str) -> None:
        order = self._order(place)
        allowed = OFFICERS[login] == order.department and order.theirs
        if step == "accept":
            allowed &= order.state == "issued"
            if self._step(order, login, step, allowed):
                order.become("accepted")
        elif step == "refuse":
            allowed &= order.state == "issued" and not order.binding
            if self._step(order, login, step, allowed, reason="不是我们的"):
                order.refusals += 1
                order.become("refused")
        elif self._step(order, login, step, allowed, answer="已退费"):
            order.become("returned")

    @precondition(lambda self: self.orders)
    @rule(place=places, login=st.sampled_from(sorted(OFFICERS)))
    def ask_for_time(self, place: int, login: str) -> None:
        order = self._order(place)
        allowed = OFFICERS[login] == order.department and order.theirs and not order.asked
        until = (self.world.clock.now() + timedelta(days=order.days + 1)).isoformat()
        if self._step(order, login, "extension", allowed, until=until, reason="等备件"):
            order.asked = True

    # what holds whatever was pressed ----------------------------------------------------------------------------------

    @invariant()
    def orders_are_as_the_model_has_them(self) -> None:
        if not self.ticket:
            return
        _, shown = self.world.ask("zhao", "GET", f"/api/tickets/{self.ticket}/orders")
        seen = {order["id"]: order for order in shown}
        assert len(seen) == len(self.orders)
        for known in self.orders:
            order = seen[known.id]
            assert (order["state"], order["refusals"], order["binding"]) == (known.state, known.refusals, known.binding)
            open_papers = [p for p in order["papers"] if p["state"] in ("waiting", "sent_back")]
            assert [(p["verb"], p["state"] == "sent_back") for p in open_papers] == (
                [(known.paper.verb, known.paper.sent_back)] if known.paper else []
            )
            assert (order["number"] is None) == (known.state in ("proposed", "dropped"))

    @invariant()
    def a_department_sees_what_has_left_for_it(self) -> None:
        if not self.ticket:
            return
        for login, department in OFFICERS.items():
            sent = {order.id for order in self.orders if order.department == department and order.left}
            _, now = self.world.ask(login, "GET", "/api/orders?limit=40")
            _, over = self.world.ask(login, "GET", "/api/orders?over=yes&limit=40")
            shown = {order["id"] for order in now + over if order["ticket_id"] == self.ticket}
            assert shown == sent

    def teardown(self) -> None:
        if self.ticket:
            assert self.world.wait(_wrong(self.world.desk.pool, self.ticket)) == []
            self.world.wait(_over(self.world.desk.pool, self.ticket))

    # how it is pressed ------------------------------------------------------------------------------------------------

    def _wish(self, department: str) -> Json:
        return {"department": self.world.departments[department], "task": "查清并答复"}

    def _new(self, order: int, department: str, login: str) -> Known:
        senior = login in SENIORS
        return Known(order, department, "issued" if senior else "proposed", None if senior else Waiting("dispatch", login))

    def _led(self) -> bool:
        return any(order.state not in OVER for order in self.orders)

    def _order(self, place: int) -> Known:
        return self.orders[-1 - place % len(self.orders)]

    def _with_paper(self, place: int) -> Known:
        having = [order for order in self.orders if order.paper]
        return having[place % len(having)]

    def _seen(self, order: Known) -> Json:
        status, seen = self.world.ask("zhao", "GET", f"/api/orders/{order.id}")
        assert status == 200, seen
        return dict(seen)

    def _paper(self, order: Known) -> Json:
        (paper,) = (one for one in self._seen(order)["papers"] if one["state"] in ("waiting", "sent_back"))
        return dict(paper)

    def _step(self, order: Known, login: str, step: str, allowed: bool, wanted: int = 200, **more: object) -> Json | None:
        """Presses it; the answer, if it is allowed. What a person is offered is never refused as not theirs."""
        status, offered = self.world.ask(login, "GET", f"/api/orders/{order.id}")
        version = self._seen(order)["version"]
        status_of, answer = self.world.ask(login, "POST", f"/api/orders/{order.id}/{step}", {"version": version, **more})
        self._check(allowed, status_of, answer, wanted)
        if status == 200 and step in offered["may"]:
            assert status_of != 403, (login, step, answer)
        return dict(answer) if allowed else None

    @staticmethod
    def _left(order: Known, verb: str, *, approved: bool) -> None:
        if verb == "dispatch":
            order.become("issued" if approved else "dropped")
        elif verb == "withdraw" and approved:
            order.become("withdrawn")

    @staticmethod
    def _check(allowed: bool, status: int, answer: Any, wanted: int = 200) -> None:
        assert status == wanted if allowed else status in (403, 404, 409), (allowed, status, answer)


WRONG = (
    """select 'a journal with a gap' from work_order o where ticket_id = $1 and
       (select array_agg(seq order by seq) from order_journal where order_id = o.id)
       <> (select array_agg(n) from generate_series(1, o.version) n)""",
    """select 'a ticket whose journal has a gap' from ticket t where id = $1 and
       (select array_agg(seq order by seq) from ticket_journal where ticket_id = t.id)
       <> (select array_agg(n) from generate_series(1, t.version) n)""",
    """select 'a clock that does not fit' from work_order o
       where ticket_id = $1 and (state in ('issued', 'accepted', 'refused'))
       <> (exists (select from deadline where order_id = o.id and rule = 'V3' and settled_at is null))""",
    """select 'left without a review' from outgoing p
       join work_order o on o.id = order_id join person a on a.id = p.author_id
       where ticket_id = $1 and p.state = 'left' and not a.roles && array['senior_agent', 'manager']
       and not exists (select from review r where r.outgoing_id = p.id and r.version = p.version and verdict = 'approve'
                       and r.person_id <> p.author_id)""",
    """select 'a second dispatch without its warning' from work_order o
       where ticket_id = $1 and second_of is not null and not exists (select from warning where order_id = o.id)""",
    """select 'two that lead' from work_order
       where ticket_id = $1 and leads and state not in ('done', 'withdrawn', 'dropped') having count(*) > 1""",
)
"""Each finds what must never be, in the database itself."""


async def _wrong(pool: db.Pool, ticket: int) -> list[str]:
    return [row[0] for sql in WRONG for row in await pool.fetch(sql, ticket)]


async def _over(pool: db.Pool, ticket: int) -> None:
    """A department's list shows forty: what this example leaves would push the next one's out."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(
            "update work_order set state = 'dropped', number = null, issued_at = null, due_at = null, ended_at = now()"
            " where ticket_id = $1",
            ticket,
        )


async def test_whatever_is_pressed_orders_are_what_the_rules_make_of_it(world: World) -> None:
    case = type("CaseHere", (Case,), {"world": world})
    wanted = settings(max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    await asyncio.to_thread(run_state_machine_as_test, case, settings=wanted)
