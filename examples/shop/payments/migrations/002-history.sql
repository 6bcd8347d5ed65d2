-- Payments are kept as what has happened to them; this table shows how they stand, at which version of their streams.
-- For those that are there already, history begins here, with how they stand.
alter table payment add column version integer not null default 1;
alter table payment alter column version drop default;

insert into banyan.stream_event (stream, version, event_id, type, major, data, metadata)
select 'payment-' || order_id, 1, gen_random_uuid(), 'recorded', 1,
       json_build_object('state', state, 'unsettled', unsettled, 'chargeId', charge_id,
                         'authorized', authorized, 'captured', captured, 'refunded', refunded),
       '{}'
from payment;
