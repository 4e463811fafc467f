-- A review that was written before there were marks was sealed without any (0032): given them afterwards, even empty ones, it is not what its
-- hash is over, and `tingsu audit verify` would call it altered. Its marks are null. Such reviews are known by their hash itself.
set local timezone to 'UTC';                              -- as the row was hashed
alter table review alter column marks drop not null;
alter table review disable trigger review_append_only;
update review r set marks = null where r.hash = sha256(sealed_form(to_jsonb(r) - 'marks'));
alter table review enable trigger review_append_only;
