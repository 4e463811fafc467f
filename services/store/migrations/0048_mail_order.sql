-- What an order's mails are looked up by, the refused ones too: a step that ends an order drops those, and the System page counts them.
drop index mail_order;
create index mail_order on mail (order_id) where state in ('waiting', 'sending', 'failed');
