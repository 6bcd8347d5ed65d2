create table payment (
  order_id text primary key,
  state text not null check (state in ('cancelled', 'authorized', 'captured', 'declined', 'releasing', 'released')),
  unsettled boolean not null default false,
  charge_id text,
  authorized integer not null default 0 check (authorized >= 0),
  captured integer not null default 0 check (captured >= 0 and captured <= authorized),
  refunded integer not null default 0 check (refunded >= 0 and refunded <= captured)
);
