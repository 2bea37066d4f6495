-- +goose Up
-- A page's stamp is the transaction that last wrote its row, where many processes
-- share the ledger: what has changed since a process last looked.
UPDATE page SET stamp = 0;

-- +goose Down
UPDATE page SET stamp = 0;
