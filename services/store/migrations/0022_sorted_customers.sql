-- Customers by tier and the audit by what was done: each order is read from an index, whichever page is asked for.
create index customer_by_tier on customer ((case tier when 'dedicated_line' then 3 when 'important' then 2 when 'big' then 1 else 0 end), id);
create index audit_by_action on audit (action, id);
