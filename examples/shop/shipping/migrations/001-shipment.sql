create table shipment (
  order_id text primary key,
  status text not null check (status in ('preparing', 'shipped', 'delivered', 'cancelled')),
  due_at timestamptz not null default banyan.now(),
  shipped_at timestamptz,
  delivered_at timestamptz
);

create index shipment_due on shipment (due_at) where status in ('preparing', 'shipped');
