-- name: labels
-- What every class is called, and every reason to close without the customer's word; those no longer used too: old cases have them.
select list, code, zh, en from category
union all select 'closing', code, zh, en from phrase where list = 'unconfirmed';
