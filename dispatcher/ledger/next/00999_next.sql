-- +goose Up
-- What a next version may do while this one is at work: columns with a default, tables.
ALTER TABLE page ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE owner ADD COLUMN roles TEXT NOT NULL DEFAULT '';
CREATE TABLE shade (name TEXT PRIMARY KEY);
UPDATE compat SET oldest = 12;

-- +goose Down
DROP TABLE shade;
