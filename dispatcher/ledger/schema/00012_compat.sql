-- +goose Up
-- The oldest schema whose programs may work on this ledger beside those of the newest.
CREATE TABLE compat (oldest BIGINT NOT NULL);
INSERT INTO compat (oldest) VALUES (12);

-- +goose Down
DROP TABLE compat;
