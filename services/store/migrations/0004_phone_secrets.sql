-- The SIP secret is made of the extension and a number: whoever gets an extension must get a number it never had before.

create table phone_secret (
  extension text primary key check (extension ~ '^[0-9]{3,6}$'),
  last      integer not null                           -- the newest number given out, whose phone it ever was
);
insert into phone_secret (extension, last) select extension, phone_secret_n from person where extension is not null;
