alter table customer_order drop constraint customer_order_status_check;
alter table customer_order add constraint customer_order_status_check
  check (status in ('pending', 'confirmed', 'shipped', 'delivered', 'rejected', 'cancelled', 'returned'));

alter table customer_order add column accepted boolean not null default false;
