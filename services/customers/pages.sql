-- name: page
-- Customers in the order that is asked for, behind (:at, :behind); with a search (:search), those whose name is it, or holds it (:in_names), or whose number is :number or begins with one of :beginnings.
select c.id, c.number, c.name, c.tier, c.note, {key} as sort_key from customer c
where (:at::{kind} is null or ({key}, c.id) {beyond} (:at, :behind::bigint))
  and (:search::text = '' or exists (select from unnest(:beginnings::text[]) as begun where starts_with(c.number, begun))
       or (:number::text <> '' and c.number = :number) or lower(c.name) = lower(:search) or (:in_names::bool and position(lower(:search) in lower(c.name)) > 0))
order by {key} {way}, c.id {way}
limit :limit;
