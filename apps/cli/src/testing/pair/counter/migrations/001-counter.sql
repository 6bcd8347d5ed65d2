create table counter (id text primary key, total integer not null);
insert into counter values ('one', 0);
