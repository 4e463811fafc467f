-- Numbers are E.164 inside, with an extension where there is one; what exists in China only stays its digits. The rows there are
-- read anew by services.customers.renumber, for which this table says by which rules they were read last.

alter table customer drop constraint customer_number_check;
alter table customer add constraint customer_number_check
  check (number ~ '^(\+[1-9][0-9]{6,14}|[0-9]{3,20})(;ext=[0-9]{1,6})?$');

create table numbering (
  one       boolean primary key default true check (one),
  rules     integer not null,
  area_code text not null
);
