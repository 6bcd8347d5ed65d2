create table heard (by integer not null);
