-- +goose Up
-- Columns that are packed have a checksum since schema 20; programs before it cannot read them. A file has
-- one program at a time. In a shared ledger they begin when no older program is at work.
ALTER TABLE owner ADD COLUMN schema BIGINT NOT NULL DEFAULT 0; -- of the program that the process runs; 0 before schema 20
/*sqlite: UPDATE compat SET oldest = 20; */

-- +goose Down
ALTER TABLE owner DROP COLUMN schema;
