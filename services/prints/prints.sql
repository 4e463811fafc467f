-- name: labels
-- What every class is called, those no longer used too: old cases have them.
select list, code, zh, en from category;
