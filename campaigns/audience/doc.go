// Package audience reads files of recipients as a stream of rows: CSV and TSV in
// the encodings people have, and XLSX. It also makes up audiences for rehearsals.
// It knows no campaign.
package audience
