-- name: categories
-- All classes in their order.
select list, code, zh, en, position, active, authority from category order by list, position, code;

-- name: terms
-- All terms; a weight as it was written (0.8), not as four bytes hold it (0.800000011920929).
select list, code, term, round(weight::numeric, 4)::float8 as weight from lexicon_term order by list, code, term;

-- name: forget_terms
-- Before the new ones are written.
delete from lexicon_term;

-- name: forget_categories
-- Before the new ones are written; tickets keep the codes they have.
delete from category;

-- name: write_category
-- One class.
insert into category (list, code, zh, en, position, active, authority) values (:list, :code, :zh, :en, :position, :active, :authority);

-- name: write_term
-- One term.
insert into lexicon_term (list, code, term, weight) values (:list, :code, :term, :weight);

-- name: lock_lexicon
-- One editor at a time.
lock table category, lexicon_term in share row exclusive mode;
