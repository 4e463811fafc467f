-- Severity, channel, acknowledgement (SPEC O6), and what closed the loop (SPEC N9).
alter table ticket add column severity text not null default 'ordinary' check (severity in ('ordinary', 'serious', 'major'));
alter table ticket add column channel text not null default 'telephone'
  check (channel in ('telephone', 'letter', 'fax', 'email', 'text', 'walk_in', 'message', 'appeal'));
alter table ticket add column acknowledged_at timestamptz;
alter table ticket add column acknowledged_by bigint references person;
alter table ticket add column acknowledged_how text
  check (acknowledged_how in ('call', 'call_back', 'text', 'email', 'letter', 'in_person'));
alter table ticket add column closing text;            -- confirmed, or a code of the reasons below; null: open, or closed before there was one

-- Reasons and text blocks: data that a centre edits as one. No row ever goes, for cases name them.
create table phrase (
  list     text not null check (list in ('unconfirmed', 'answer', 'task')),
  code     text not null check (code ~ '^[a-z0-9_]{1,40}$'),
  zh       text not null check (length(zh) between 1 and 80),
  en       text not null check (length(en) between 1 and 80),
  text     text not null default '' check (length(text) <= 2000),
  position integer not null default 0,
  active   boolean not null default true,
  primary key (list, code)
);
create table phrase_edition (
  number    bigint primary key check (number > 0),
  at        timestamptz not null,
  person_id bigint references person,
  content   jsonb not null
);
create trigger phrase_edition_append_only before update or delete or truncate on phrase_edition
  for each statement execute function audit_is_append_only();

insert into phrase (list, code, zh, en, text, position) values
  ('unconfirmed', 'unreachable', '多次联系不上客户', 'Customer cannot be reached', '', 1),
  ('unconfirmed', 'no_answer_wanted', '客户不要求回复', 'Customer wants no answer', '', 2),
  ('unconfirmed', 'withdrawn', '客户撤回投诉', 'Customer takes the complaint back', '', 3),
  ('unconfirmed', 'repeated', '与另一张单重复', 'The same as another ticket', '', 4),
  ('unconfirmed', 'not_accepted', '答复正确，客户不接受', 'Right answer, not accepted', '', 5),
  ('unconfirmed', 'other', '其他（须说明）', 'Other (say which)', '', 6),
  ('answer', 'apology', '致歉', 'Apology', '给您带来不便，我们深表歉意。', 1),
  ('answer', 'registered', '已受理', 'Registered', '您反映的问题我们已经受理，会尽快核实并回复您。', 2),
  ('answer', 'refunded', '已退费', 'Refunded', '多收的费用已退还到您的账户，请查收。', 3),
  ('answer', 'repaired', '已修复', 'Repaired', '经检修，故障已排除，请您试用。', 4),
  ('task', 'check_bill', '核查账单', 'Check the bill', '请核查该号码的计费明细，确认是否多收，并将结果和处理意见回单。', 1),
  ('task', 'visit', '上门检修', 'Repair on site', '请与客户预约时间上门检修，排除故障后回单并注明原因。', 2),
  ('task', 'call_back', '核实后回复客户', 'Answer the customer', '请核实情况后直接回复客户，并将回复内容回单。', 3);
insert into phrase_edition (number, at, content)
select 1, now(), jsonb_build_object('phrases', jsonb_agg(to_jsonb(p) order by p.list, p.position)) from phrase p;
select seal_table('phrase_edition', 'number');
