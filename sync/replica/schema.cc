#include "sync/replica/schema.h"

namespace vigil::replica {
namespace {

constexpr char kFirstSchema[] = R"sql(
-- What is known of the register: one row. head: vigil.v1.RegisterHead; digest: 256 bucket sums over
-- all of record, eight bytes each, big-endian.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch TEXT NOT NULL,
  head BLOB NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  clock_offset_ms INTEGER NOT NULL,
  last_sync_at INTEGER,
  time_zone TEXT NOT NULL,
  server TEXT NOT NULL,
  archived_seq INTEGER NOT NULL,
  faults INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 2048)
) STRICT;
INSERT INTO meta VALUES (1, '', x'', 0, 0, NULL, 'Asia/Shanghai', '', 0, 0, zeroblob(2048));

-- Whose phone it is and was; active: who uses it now. last_device_seq and last_hash: the end of his
-- chain of operations; judged_device_seq: the last one that the register says it has judged.
CREATE TABLE identity (
  device BLOB PRIMARY KEY CHECK (length(device) = 16),
  person BLOB NOT NULL CHECK (length(person) = 16),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  last_device_seq INTEGER NOT NULL,
  last_hash BLOB NOT NULL CHECK (length(last_hash) = 32),
  judged_device_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identity_in_use ON identity (active) WHERE active = 1;

-- How far the feed of each unit has been read.
CREATE TABLE scope (
  unit BLOB PRIMARY KEY CHECK (length(unit) = 16),
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Confirmed records, bytes as they came. kind 0: unknown to the program that stored it.
CREATE TABLE record (
  ordinal INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  kind INTEGER NOT NULL,
  version INTEGER NOT NULL,
  parent BLOB CHECK (length(parent) = 16),
  unit BLOB CHECK (length(unit) = 16),
  key TEXT NOT NULL,
  merged_into BLOB CHECK (length(merged_into) = 16),
  in_conflict INTEGER NOT NULL CHECK (in_conflict IN (0, 1)),
  bucket INTEGER NOT NULL CHECK (bucket BETWEEN 0 AND 255),
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX record_by_kind ON record (kind, id);
CREATE INDEX record_by_parent ON record (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX record_by_key ON record (kind, key) WHERE key <> '';
CREATE INDEX record_by_unit ON record (unit);
CREATE INDEX record_by_target ON record (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX record_in_conflict ON record (id) WHERE in_conflict = 1;
CREATE INDEX record_by_bucket ON record (bucket, id);

-- Operations without an outcome. error: vigil.v1.ErrorDetail of a deferral.
CREATE TABLE outbox (
  ordinal INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
  state INTEGER NOT NULL,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  error BLOB NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (device, device_seq)
) STRICT;

-- The overlay: what pending operations write to each record, as decided when they were made. seq:
-- the operation's place in the register's order, once known; judged: a page says that its snapshot
-- holds it already.
CREATE TABLE pending_write (
  record BLOB NOT NULL CHECK (length(record) = 16),
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  creates INTEGER NOT NULL CHECK (creates IN (0, 1)),
  parent BLOB CHECK (length(parent) = 16),
  seq INTEGER,
  judged INTEGER NOT NULL CHECK (judged IN (0, 1)),
  write_bytes BLOB NOT NULL,
  stamp_bytes BLOB NOT NULL,
  PRIMARY KEY (record, device, device_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_by_operation ON pending_write (device, device_seq);
CREATE INDEX pending_by_seq ON pending_write (seq) WHERE seq IS NOT NULL;
CREATE INDEX pending_created ON pending_write (kind, record) WHERE creates = 1;
CREATE INDEX pending_created_by_parent ON pending_write (parent, record) WHERE creates = 1;

-- Operations with their outcomes, until a backup of the register holds them.
CREATE TABLE journal (
  ordinal INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL,
  operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
  seq INTEGER NOT NULL,
  acknowledged_at INTEGER NOT NULL,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  outcome_bytes BLOB NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (device, device_seq)
) STRICT;
CREATE INDEX journal_by_seq ON journal (seq);

-- Refused operations: they stay, settled or not.
CREATE TABLE attention (
  ordinal INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES identity (device),
  operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
  refused_at INTEGER NOT NULL,
  settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
  outcome_bytes BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- Records that refused operations would have written: what rests on them is refused too.
CREATE TABLE refused_record (
  record BLOB NOT NULL CHECK (length(record) = 16),
  device BLOB NOT NULL CHECK (length(device) = 16),
  seq INTEGER NOT NULL,
  PRIMARY KEY (record, device, seq)
) STRICT, WITHOUT ROWID;

-- Short numbers of hazards that were reported on this phone; kept, so that one who has written it
-- down finds his hazard later.
CREATE TABLE provisional (
  number TEXT PRIMARY KEY,
  hazard BLOB NOT NULL UNIQUE CHECK (length(hazard) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft (
  device BLOB NOT NULL REFERENCES identity (device),
  key TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (device, key)
) STRICT;

-- Copies of records from beyond the point to which a restored register went back.
CREATE TABLE witness (
  record BLOB NOT NULL CHECK (length(record) = 16),
  epoch TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (record, epoch)
) STRICT;
)sql";

constexpr char kEvidence[] = R"sql(
-- Photos and documents that a user keeps for the register; their bytes lie in files. sent_bytes:
-- what the register said it has; complete_in: the epoch in which it said that it has all of it,
-- empty: it did not; error: vigil.v1.ErrorDetail of a refusal, empty: none.
CREATE TABLE evidence (
  device BLOB NOT NULL REFERENCES identity (device),
  content BLOB NOT NULL CHECK (length(content) = 32),
  media_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,
  sent_bytes INTEGER NOT NULL,
  complete_in TEXT NOT NULL,
  error BLOB NOT NULL,
  PRIMARY KEY (device, content)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_by_content ON evidence (content);

-- Operations that name one.
CREATE TABLE evidence_use (
  content BLOB NOT NULL CHECK (length(content) = 32),
  operation BLOB NOT NULL CHECK (length(operation) = 16),
  device BLOB NOT NULL CHECK (length(device) = 16),
  PRIMARY KEY (content, operation)
) STRICT, WITHOUT ROWID;
)sql";

constexpr char kEpochs[] = R"sql(
-- What the phone was told of epochs, each a vigil.v1.Epoch as the register signed it; meta.epoch
-- begins the lineage of its records. noticed_at: when this phone went back because of it;
-- operations_back, records_back: how many then became unsent again, and copies to return.
CREATE TABLE epoch (
  id TEXT PRIMARY KEY,
  bytes BLOB NOT NULL,
  noticed_at INTEGER,
  operations_back INTEGER NOT NULL,
  records_back INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Heads of the register's log, each a vigil.v1.RegisterHead, which the log of later must continue:
-- the last one, the newest that the oldest backup holds, and some at doubling distances.
CREATE TABLE kept_head (
  seq INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

-- Links of the phone's chains whose content is not sent: pruned from the journal, or held back.
-- seq: where the register judged it, NULL: it has the hash at most. owed: it may lack even that,
-- so the hash goes before the next operation.
CREATE TABLE withheld (
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  operation BLOB NOT NULL UNIQUE CHECK (length(operation) = 16),
  seq INTEGER,
  owed INTEGER NOT NULL CHECK (owed IN (0, 1)),
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (device, device_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX withheld_owed ON withheld (device, device_seq) WHERE owed = 1;

-- The device as which the same author went on, after this database turned out to be one of two
-- copies; NULL: it is still its own.
ALTER TABLE identity ADD COLUMN continued_by BLOB REFERENCES identity (device)
  CHECK (length(continued_by) = 16);
)sql";

constexpr char kScopes[] = R"sql(
-- Each unit is read as far as its own row says, or the nearest one above it. within: so much of the
-- seq after seq (vigil.v1.ScopeCursor). granted: the person has a role there; else the unit came
-- under one of his later, and the row goes once it is read as far as that.
ALTER TABLE scope ADD COLUMN within INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scope ADD COLUMN granted INTEGER NOT NULL DEFAULT 1 CHECK (granted IN (0, 1));

-- When it was quarantined (state 3, 4 or 5).
ALTER TABLE outbox ADD COLUMN quarantined_at INTEGER;
CREATE INDEX outbox_held ON outbox (device, device_seq) WHERE state IN (3, 5);

-- What has left the phone while there was unsent work: records that it names, and org units that
-- are no longer read.
CREATE TABLE lost_record (
  record BLOB PRIMARY KEY CHECK (length(record) = 16)
) STRICT, WITHOUT ROWID;
)sql";

constexpr char kComplete[] = R"sql(
-- The register's head when all scopes were last read to one and the same.
ALTER TABLE meta ADD COLUMN complete_seq INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr char kUnread[] = R"sql(
-- Records that were here when the register went back, and have not come again since; emptied when
-- the replica is complete.
CREATE TABLE unread_record (
  record BLOB PRIMARY KEY CHECK (length(record) = 16)
) STRICT, WITHOUT ROWID;
)sql";

constexpr char kTakenCopies[] = R"sql(
-- taken_at: when the register took the copy, NULL: it is to be returned. taken_before: a place of
-- the log that was reached only after that, NULL: no page has told one yet.
ALTER TABLE witness ADD COLUMN taken_at INTEGER;
ALTER TABLE witness ADD COLUMN taken_before INTEGER;
)sql";

constexpr char kWorkingDays[] = R"sql(
-- vigil.v1.WorkingDayLists as the register last told them; empty: none.
ALTER TABLE meta ADD COLUMN working_days BLOB NOT NULL DEFAULT x'';
)sql";

constexpr char kFewerIndexes[] = R"sql(
-- Only a repair looks for a bucket's records: it reads this index from end to end.
DROP INDEX record_by_bucket;
DROP INDEX record_by_kind;
CREATE INDEX record_by_kind ON record (kind, id, bucket);
)sql";

constexpr char kNoIndexByUnit[] = R"sql(
-- Only where a scope is lost are records looked for by unit: then all of them are read.
DROP INDEX record_by_unit;
)sql";

constexpr char kFewerPages[] = R"sql(
-- Operations without an outcome, found by their ids; the few there are get sorted when they are
-- listed. error: vigil.v1.ErrorDetail of a deferral; quarantined_at: when it was (state 3, 4 or 5).
CREATE TABLE new_outbox (
  operation BLOB PRIMARY KEY CHECK (length(operation) = 16),
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  state INTEGER NOT NULL,
  quarantined_at INTEGER,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  error BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO new_outbox
  SELECT operation, device, device_seq, state, quarantined_at, previous_hash, error, bytes
  FROM outbox;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
CREATE INDEX outbox_held ON outbox (device, device_seq) WHERE state IN (3, 5);

-- The overlay, as before, in the order of the operations: a new one is written at the end.
CREATE TABLE new_pending_write (
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 16),
  kind INTEGER NOT NULL,
  creates INTEGER NOT NULL CHECK (creates IN (0, 1)),
  parent BLOB CHECK (length(parent) = 16),
  seq INTEGER,
  judged INTEGER NOT NULL CHECK (judged IN (0, 1)),
  write_bytes BLOB NOT NULL,
  stamp_bytes BLOB NOT NULL,
  PRIMARY KEY (device, device_seq, record)
) STRICT, WITHOUT ROWID;
INSERT INTO new_pending_write
  SELECT device, device_seq, record, kind, creates, parent, seq, judged, write_bytes, stamp_bytes
  FROM pending_write;
DROP TABLE pending_write;
ALTER TABLE new_pending_write RENAME TO pending_write;
CREATE INDEX pending_by_record ON pending_write (record, device, device_seq);
CREATE INDEX pending_by_seq ON pending_write (seq) WHERE seq IS NOT NULL;
CREATE INDEX pending_created ON pending_write (kind, parent, record) WHERE creates = 1;
)sql";

constexpr char kAddedAtTheEnd[] = R"sql(
-- The user's number on this phone, from 1. last_device_seq and last_hash: the end of his chain as
-- far as it is not in the outbox.
ALTER TABLE identity ADD COLUMN number INTEGER NOT NULL DEFAULT 0
  CHECK (number BETWEEN 0 AND 32767);
UPDATE identity SET number = (
  SELECT count(*) FROM identity AS other WHERE other.device <= identity.device);
CREATE UNIQUE INDEX identity_by_number ON identity (number);

-- Operations without an outcome. place: the user's number and device_seq (place.h), so that a new
-- one is added at the end; error, quarantined_at: as before.
CREATE TABLE new_outbox (
  place INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  operation BLOB NOT NULL CHECK (length(operation) = 16),
  state INTEGER NOT NULL,
  quarantined_at INTEGER,
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  error BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
INSERT INTO new_outbox
  SELECT (number << 40) + device_seq, device, device_seq, operation, state, quarantined_at,
    previous_hash, error, bytes
  FROM outbox JOIN identity USING (device);
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
CREATE INDEX outbox_held ON outbox (device, device_seq) WHERE state IN (3, 5);

-- The overlay, as before. place: the operation's place, and which of its writes it is.
CREATE TABLE new_pending_write (
  place INTEGER PRIMARY KEY,
  device BLOB NOT NULL REFERENCES identity (device),
  device_seq INTEGER NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 16),
  kind INTEGER NOT NULL,
  creates INTEGER NOT NULL CHECK (creates IN (0, 1)),
  parent BLOB CHECK (length(parent) = 16),
  seq INTEGER,
  judged INTEGER NOT NULL CHECK (judged IN (0, 1)),
  write_bytes BLOB NOT NULL,
  stamp_bytes BLOB NOT NULL
) STRICT;
INSERT INTO new_pending_write
  SELECT (((number << 40) + device_seq) << 8) + row_number() OVER (
      PARTITION BY device, device_seq ORDER BY record) - 1,
    device, device_seq, record, kind, creates, parent, seq, judged, write_bytes, stamp_bytes
  FROM pending_write JOIN identity USING (device);
DROP TABLE pending_write;
ALTER TABLE new_pending_write RENAME TO pending_write;
-- What is made is found by going through this index: a day's work is some dozens.
CREATE INDEX pending_by_record ON pending_write (
  record, device, device_seq, creates, kind, parent);
CREATE INDEX pending_by_seq ON pending_write (seq) WHERE seq IS NOT NULL;
)sql";

constexpr char kOneIndexOfIds[] = R"sql(
-- Confirmed records, as before. place: the order of arrival, then the kind (place.h), which thereby
-- stands in the index of ids too.
CREATE TABLE new_record (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  version INTEGER NOT NULL,
  parent BLOB CHECK (length(parent) = 16),
  unit BLOB CHECK (length(unit) = 16),
  key TEXT NOT NULL,
  merged_into BLOB CHECK (length(merged_into) = 16),
  in_conflict INTEGER NOT NULL CHECK (in_conflict IN (0, 1)),
  bytes BLOB NOT NULL
) STRICT;
INSERT INTO new_record
  SELECT (ordinal << 8) + kind, id, version, parent, unit, key, merged_into, in_conflict, bytes
  FROM record ORDER BY ordinal;
DROP TABLE record;
ALTER TABLE new_record RENAME TO record;
CREATE INDEX record_by_parent ON record (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX record_by_key ON record (key) WHERE key <> '';
CREATE INDEX record_by_target ON record (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX record_in_conflict ON record (id) WHERE in_conflict = 1;

-- owes_cleaning: records have left, and unused parts of the file may still hold something of them.
ALTER TABLE meta ADD COLUMN owes_cleaning INTEGER NOT NULL DEFAULT 0
  CHECK (owes_cleaning IN (0, 1));
)sql";

constexpr char kUnknownKinds[] = R"sql(
CREATE INDEX record_of_unknown_kind ON record (place) WHERE place & 255 = 0;
)sql";

constexpr sqlite::Migration kMigrations[] = {
    {1, "first-schema", "Everything that a phone keeps, from its first session on.", kFirstSchema},
    {2, "evidence", "Photos and documents that wait for the register.", kEvidence},
    {3, "epochs", "A register may be restored, and a phone's database copied: what was shared.",
     kEpochs},
    {4, "scopes",
     "A move comes in pages; org units that move; unsent decisions on what has left the phone.",
     kScopes},
    {5, "complete", "Where reading begins anew when a scope is lost half-way.", kComplete},
    {6, "unread", "What does not come again after a restore lives elsewhere.", kUnread},
    {7, "taken-copies", "A register that took copies may be restored to before that.",
     kTakenCopies},
    {8, "working-days", "A phone counts working days as the register does.", kWorkingDays},
    {9, "fewer-indexes", "A record that arrives touches fewer pages.", kFewerIndexes},
    {10, "no-index-by-unit", "A first pull adds to one index less.", kNoIndexByUnit},
    {11, "fewer-pages", "An operation on the phone is written to five pages instead of eight.",
     kFewerPages},
    {12, "added-at-the-end", "An operation on the phone is added at the end of two tables.",
     kAddedAtTheEnd},
    {13, "one-index-of-ids",
     "A record's kind is read off the index of ids, not off one of its own.", kOneIndexOfIds},
    {14, "unknown-kinds", "A newer program finds what an older one could not read.", kUnknownKinds},
};

}  // namespace

const sqlite::Schema& ReplicaSchema() {
  static constexpr sqlite::Schema kSchema = {"Vigil phone database", kReplicaApplicationId,
                                             kMigrations};
  return kSchema;
}

}  // namespace vigil::replica
