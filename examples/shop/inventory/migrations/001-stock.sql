create table item (
  sku text primary key,
  on_hand integer not null check (on_hand >= 0),
  reserved integer not null default 0 check (reserved >= 0 and reserved <= on_hand)
);

create table reservation (
  order_id text primary key,
  state text not null check (state in ('reserved', 'refused', 'released', 'shipped')),
  lines jsonb not null
);

insert into item (sku, on_hand) values
  ('apron-linen', 100),
  ('basket-willow', 100),
  ('board-oak', 100),
  ('bowl-ash', 100),
  ('broom-rice', 100),
  ('brush-dish', 100),
  ('candle-wax', 100),
  ('carafe-glass', 100),
  ('cup-enamel', 100),
  ('dripper-clay', 100),
  ('fork-salad', 100),
  ('jar-stone', 100),
  ('kettle-steel', 100),
  ('knife-bread', 100),
  ('lamp-paper', 100),
  ('mill-pepper', 100),
  ('mug-stone', 100),
  ('pan-iron', 100),
  ('pot-copper', 100),
  ('rack-beech', 100),
  ('scale-brass', 100),
  ('soap-olive', 100),
  ('spoon-cherry', 100),
  ('stool-pine', 100),
  ('towel-waffle', 100),
  ('tray-walnut', 100),
  ('vase-smoke', 100),
  ('whisk-birch', 100);
