-- One backend at a time: who holds the lease writes, hears the switch and serves; any other waits for it.
-- The epoch rises with each holder: what an earlier one still tries is told by it, and refused. The beats rise while the holder
-- lives; both together tell a database that was restored from before.

create table lease (
  single   boolean primary key default true check (single),
  epoch    bigint not null,
  beats    bigint not null,
  holder   text not null,                                -- the instance; '' when given back
  process  text not null,                                -- of the instance, new at each start
  taken_at timestamptz not null
);
insert into lease (epoch, beats, holder, process, taken_at) values (0, 0, '', '', now());
