-- The authority's own classes, which it counts appeals by every quarter (SPEC O5): each nature is of one of them, or of none.
alter table category add column authority text
  check (authority in ('user_service', 'charges', 'network_quality')), add check (authority is null or list = 'nature');
update category set authority = case code
    when 'tariff' then 'charges'
    when 'communication_quality' then 'network_quality'
    when 'fault_repair' then 'network_quality'
    else 'user_service' end
where list = 'nature' and code in
  ('tariff', 'communication_quality', 'fault_repair', 'service_quality', 'installation', 'work_error', 'product_quality');
