alter table reservation drop constraint reservation_state_check;
alter table reservation add constraint reservation_state_check
  check (state in ('reserved', 'refused', 'released', 'shipped', 'inspected', 'restocked'));
