-- +goose Up
-- The campaign whose failed recipients a campaign sends to once more; '' for one of its own.
ALTER TABLE campaign ADD COLUMN retry_of TEXT NOT NULL DEFAULT '';
-- The provider that who waits on a page goes to when the page comes back from its worker; '' for none.
ALTER TABLE page ADD COLUMN next TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE page DROP COLUMN next;
ALTER TABLE campaign DROP COLUMN retry_of;
