alter table shipment add column claimed_at timestamptz;

create table return_parcel (
  order_id text primary key,
  state text not null check (state in ('label', 'void', 'under-way', 'back')),
  due_at timestamptz not null default banyan.now()
);

create index return_parcel_due on return_parcel (due_at) where state in ('label', 'under-way');
