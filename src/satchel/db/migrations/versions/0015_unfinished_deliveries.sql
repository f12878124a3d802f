-- Monitoring counts deliveries by these states every few seconds; all others, the delivered ones, are many more.
CREATE INDEX webhook_deliveries_unfinished ON webhook_deliveries (state) WHERE state IN ('waiting', 'failed');
