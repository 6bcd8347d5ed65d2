create table customer_order (
  order_id text primary key,
  customer_id text not null,
  status text not null check (status in ('pending', 'confirmed', 'shipped', 'delivered', 'rejected', 'cancelled')),
  items jsonb not null,
  total_amount integer not null check (total_amount >= 0),
  total_currency text not null,
  history jsonb not null
);

-- Ids are made in the order of time, so they page "newest first" too.
create index customer_order_by_customer on customer_order (customer_id, order_id desc);
