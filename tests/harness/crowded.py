"""Fills a centre in which everything is as large as it may become: the longest texts, the fullest lists, a call of four hours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile as sf

from cti.ids import CallId
from recordings.archive import key_of
from services.store import db
from services.web.sheets import MOST_ROWS

BEGAN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LONG_CALL = "tingsu-1795467600.1"
WORDS_A_LINE, LINES = 20, 2_880  # four hours in which somebody always speaks: a line of twenty words every five seconds
PEOPLE, ROWS, TERMS = 300, 250, 9_000
CALLS = MOST_ROWS  # and customers: as many as one file may hold
CHANGES = 1_000  # of one ticket
TEXT = "投诉宽带断线" * 1_666

PEOPLE_SQL = """
insert into person (login, name, roles, extension, password_hash, created_at)
select 'agent' || n, repeat('坐席', 20) || n, '{junior_agent}', (2000 + n)::text, 'x', $1::timestamptz
from generate_series(1, $2::int) n"""
AUDIT_SQL = """
insert into audit (at, person_id, action, object, detail)
select $1::timestamptz, 1, 'person.change', 'person:' || n, jsonb_build_object('name', repeat('名', 80), 'roles', repeat('x', 80))
from generate_series(1, $2::int) n"""
CUSTOMERS_SQL = """
insert into customer (number, name, note, changed_at)
select (13800000000 + n)::text, repeat('客', 80), repeat('注', 400), $1::timestamptz from generate_series(1, $2::int) n"""
CALLS_SQL = """
insert into call (id, number, number_sent, name_sent, dialled, customer_id, started_at, queued_at, answered_at, ended_at, outcome,
                  waited_ms, talked_ms)
select 'tingsu-1795467600.' || n, c.number, c.number, repeat('名', 64), '10000', c.id, $1::timestamptz + n * interval '1 s',
       $1::timestamptz, $1::timestamptz, $1::timestamptz, 'answered', 1000, 1000
from generate_series(1, $2::int) n join customer c on c.number = (13800000000 + n)::text"""
LEGS_SQL = """
insert into call_leg (call_id, channel, extension, person_id, rang_at, answered_at, ended_at, outcome, rang_ms)
select $1, 'PJSIP/1001-' || n, '1001', $2, $3, $3, $3, 'answered', 100 from generate_series(1, 100) n"""
TRANSCRIPT_SQL = """
insert into transcript (recording_id, state, due_at, model, utterances)
select r.id, 'done', $2, 'large', (
  select jsonb_agg(jsonb_build_object('speaker', 'caller', 'start', l * 5.0, 'end', l * 5.0 + 4.9,
    'text', repeat('宽带', $4::int), 'words', (
      select jsonb_agg(jsonb_build_object(
        'text', '宽带', 'start', l * 5.0 + w * 0.24, 'end', l * 5.0 + w * 0.24 + 0.23, 'conf', 0.987))
      from generate_series(1, $4::int) w)))
  from generate_series(1, $3::int) l)
from recording r where r.call_id = $1"""
CATEGORIES_SQL = """
insert into category (list, code, zh, en, position)
select 'business', 'class_' || n, repeat('类', 40), repeat('class ', 10), n from generate_series(1, 200) n"""
TERMS_SQL = """
insert into lexicon_term (list, code, term, weight)
select 'business', 'class_' || (n % 200 + 1), repeat('词', 30) || n, 0.7 from generate_series(1, $1::int) n"""
TICKETS_SQL = """
insert into ticket (state, version, call_id, received_at, changed_at, created_by, owner_id, description, address, answer, sources)
select 'draft', 1, case when n <= $4::int then 'tingsu-1795467600.' || n end, $1::timestamptz + n * interval '1 s', $1, $2, $2,
       left($3, 10000), repeat('路', 400), left($3, 10000), (
  select jsonb_object_agg(field, jsonb_build_object('by', 'draft', 'sure', true, 'conf', 0.9, 'evidence', (
    select jsonb_agg(jsonb_build_object('quote', left($3, 400), 'speaker', 'caller', 'start', 1.0, 'end', 2.0, 'conf', 0.9))
    from generate_series(1, 20))))
  from unnest(array['kind', 'business', 'nature', 'description', 'address', 'contact_number', 'customer_name']) field)
from generate_series(1, $4::int) n returning id"""
JOURNAL_SQL = """
insert into ticket_journal (ticket_id, seq, at, person_id, action, changes)
select $1, n, $2, $3, 'change', jsonb_build_object('description', pair, 'answer', pair)
from generate_series(1, $5::int) n, jsonb_build_array($4::text, $4::text) pair"""

BEGINNINGS_SQL = """
insert into ticket_journal (ticket_id, seq, at, person_id, action, changes)
select t.id, n, t.received_at, t.created_by, 'create', '{}'
from ticket t, generate_series(1, t.version) n where t.id > $1 and t.id <= $1 + 400"""
"""A journal has no gaps: what a test does with one of them goes on behind this."""

RECORDINGS_SQL = """
insert into recording (call_id, state, due_at, object, peaks)
select id, 'archived', $1, $2, $3 from call where started_at <= $1::timestamptz + $4::int * interval '1 s'"""
DEPARTMENTS_SQL = """
insert into department (code, zh, en, hours)
select 'd' || n, repeat('部', 80), repeat('d', 80), 24 from generate_series(1, $1::int) n"""
RULES_SQL = """
insert into dispatch_rule (business, department_id) select 'b' || n, 1 from generate_series(1, $1::int) n"""
EDITION_SQL = """
insert into department_edition (number, at, content) values (1, $1, jsonb_build_object('departments', (
  select jsonb_agg(to_jsonb(d) - 'id') from department d), 'rules', '[]'::jsonb))"""
PHRASES_SQL = """
insert into phrase (list, code, zh, en, text)
select 'answer', 'b' || n, repeat('𠀀', 80), repeat('𠀀', 80), repeat('𠀀', 2000) from generate_series(1, $1::int) n"""
PHRASE_EDITION_SQL = """
insert into phrase_edition (number, at, content) values (2, $1, jsonb_build_object('phrases', (
  select jsonb_agg(to_jsonb(p)) from phrase p)))"""
ORDERS_SQL = """
insert into work_order (ticket_id, department_id, leads, state, version, number, author_id, made_at, issued_at, due_at, task,
                        answer, hours)
select $1, 1, false, 'issued', 100, 'W2026-11-' || lpad(n::text, 6, '0'), p.id, $2, $2, $2, $3, $3, 24
from generate_series(1, 100) n, person p where 'senior_agent' = any(p.roles)"""
LEFT_SQL = """
insert into outgoing (order_id, verb, state, author_id, task, urgent, hours, written_at, ended_at)
select id, 'dispatch', 'left', author_id, task, false, 24, made_at, made_at from work_order"""
CHASES_SQL = """
insert into outgoing (order_id, verb, state, author_id, task, urgent, reason, written_at)
select id, 'chase', 'waiting', $1, task, false, repeat('因', 400), made_at from work_order"""
TRAY_SQL = """
insert into ticket (state, number, kind, level, version, received_at, changed_at, confirmed_at, held_since, customer_name,
                    description)
select 'open', 'T2026-10-' || lpad(n::text, 6, '0'), 'complaint', 'senior', 1, $1, $1, $1, $1, repeat('客', 80), left($2, 10000)
from generate_series(1, $3::int) n"""
ORDER_JOURNAL_SQL = """
insert into order_journal (order_id, seq, at, person_id, action, changes)
select 1, n, $1, $2, 'chase', jsonb_build_object('task', jsonb_build_array($3::text, $3::text)) from generate_series(1, 100) n"""
NOTICES_SQL = """
insert into notice (person_id, code, cause, ticket_id, order_id, details, at)
select p.id, 'order_refused', 'order:1:' || n, $1, 1, jsonb_build_object('reason', repeat('因', 400)), $2
from generate_series(1, $3::int) n, person p where p.id <= 20"""
WARNINGS_SQL = """
insert into warning (number, order_id, department_id, text, person_id, at)
select 'J2026-' || lpad(id::text, 5, '0'), id, 1, $3, $2, $1 from work_order"""
APPEALS_SQL = """
insert into appeal (ticket_id, text, state, author_id, made_at, while_open)
select $1, left($4, 10000), 'open', $3, $2, true from generate_series(1, 40) n"""
SOUND_S = 600  # ten minutes stand for the four hours: sound is sent in blocks of a size of their own


async def fill(pool: db.Pool, store: Path, agent: int) -> int:
    """Everything of it belongs to ``agent``; returns the id of the ticket with the longest history, which is LONG_CALL's."""
    sound, peaks = (key_of(CallId(LONG_CALL), BEGAN, suffix) for suffix in ("flac", "peaks.json"))
    (store / sound).parent.mkdir(parents=True, exist_ok=True)
    sf.write(store / sound, np.random.default_rng(7).integers(-99, 99, (SOUND_S * 8_000, 2), dtype=np.int16), 8_000)
    pairs = [-100, 100] * 2_000
    (store / peaks).write_text(json.dumps({"points": 2_000, "caller": pairs, "agent": pairs}))
    async with db.transaction(pool) as connection:
        for sql in (PEOPLE_SQL, AUDIT_SQL, CUSTOMERS_SQL, CALLS_SQL):
            await connection.execute(sql, BEGAN, {PEOPLE_SQL: PEOPLE, AUDIT_SQL: ROWS}.get(sql, CALLS))
        await connection.execute(LEGS_SQL, LONG_CALL, agent, BEGAN)
        await connection.execute(RECORDINGS_SQL, BEGAN, sound, peaks, ROWS)
        await connection.execute(TRANSCRIPT_SQL, LONG_CALL, BEGAN + timedelta(hours=4), LINES, WORDS_A_LINE)
        await connection.execute(CATEGORIES_SQL)
        await connection.execute(TERMS_SQL, TERMS)
        first: int = await connection.fetchval(TICKETS_SQL, BEGAN, agent, TEXT, ROWS)
        await connection.execute(JOURNAL_SQL, first, BEGAN, agent, TEXT[:10_000], CHANGES)
        await connection.execute(BEGINNINGS_SQL, first)
        await connection.execute(TRAY_SQL, BEGAN, TEXT, ROWS)
        await connection.execute(DEPARTMENTS_SQL, 400)
        await connection.execute(RULES_SQL, 1_900)
        await connection.execute(EDITION_SQL, BEGAN)
        await connection.execute(PHRASES_SQL, 280)
        await connection.execute(PHRASE_EDITION_SQL, BEGAN)
        await connection.execute(ORDERS_SQL, first, BEGAN, TEXT[:10_000])
        await connection.execute(LEFT_SQL)
        await connection.execute(CHASES_SQL, agent)
        await connection.execute(APPEALS_SQL, first, BEGAN, agent, TEXT)
        await connection.execute(ORDER_JOURNAL_SQL, BEGAN, agent, TEXT[:10_000])
        await connection.execute(NOTICES_SQL, first, BEGAN, ROWS)
        await connection.execute(WARNINGS_SQL, BEGAN, agent, TEXT[:10_000])
        await connection.execute("update ticket set version = $2 where id = $1", first, CHANGES)
    return first
