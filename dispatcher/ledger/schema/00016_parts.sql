-- +goose Up
-- Which part of a longer message a row is; part and parts are 0 where it is all of one.
ALTER TABLE incoming ADD COLUMN part_ref BIGINT NOT NULL DEFAULT 0; -- the same in all parts of a message
ALTER TABLE incoming ADD COLUMN part BIGINT NOT NULL DEFAULT 0;     -- 1 to parts
ALTER TABLE incoming ADD COLUMN parts BIGINT NOT NULL DEFAULT 0;

-- Receipts of one person that came to several processes are found by the number.
CREATE INDEX orphan_number ON orphan (number);

-- +goose Down
DROP INDEX orphan_number;
ALTER TABLE incoming DROP COLUMN parts;
ALTER TABLE incoming DROP COLUMN part;
ALTER TABLE incoming DROP COLUMN part_ref;
