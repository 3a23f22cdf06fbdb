#include "server/store/schema.h"

namespace vigil::store {
namespace {

// Bodies stand at the end of their rows, in rowid tables: what a query looks at lies in front of
// the overflow pages.
constexpr char kFirstSchema[] = R"sql(
-- One row for each epoch, the last one in force. bytes: vigil.v1.Epoch.
CREATE TABLE epoch (
  ordinal INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  bytes BLOB NOT NULL
) STRICT;

-- Where the register stands: one row.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL CHECK (seq >= 0),
  audit_root BLOB NOT NULL CHECK (length(audit_root) = 32),
  committed_at INTEGER NOT NULL
) STRICT;

-- What was judged: operation, outcome and audit leaf in one row. operation is NULL where the row
-- does not own the identity that it names; device_seq is 0 where it takes no place in the
-- device's sequence.
CREATE TABLE log (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  operation BLOB UNIQUE CHECK (length(operation) = 16),
  device BLOB CHECK (length(device) = 16),
  device_seq INTEGER NOT NULL CHECK (device_seq >= 0),
  verdict INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  operation_hash BLOB NOT NULL CHECK (length(operation_hash) = 32),
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  leaf BLOB NOT NULL CHECK (length(leaf) = 32),
  outcome_bytes BLOB NOT NULL,
  operation_bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX log_by_device ON log (device, device_seq) WHERE device_seq > 0;

-- Records that a refused operation named.
CREATE TABLE refused_record (
  device BLOB NOT NULL,
  record BLOB NOT NULL,
  seq INTEGER NOT NULL REFERENCES log (seq),
  PRIMARY KEY (device, record, seq)
) STRICT, WITHOUT ROWID;

-- The current state of each record. feed_seq is its place in its unit's feed: its version, or a
-- later move; the feed's index holds all that paging and counting need. ordinal is the order in
-- which records were made.
CREATE TABLE record (
  ordinal INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  kind INTEGER NOT NULL,
  version INTEGER NOT NULL REFERENCES log (seq),
  feed_seq INTEGER NOT NULL,
  parent BLOB CHECK (length(parent) = 16),
  root BLOB NOT NULL CHECK (length(root) = 16),
  unit BLOB NOT NULL CHECK (length(unit) = 16),
  office_only INTEGER NOT NULL CHECK (office_only IN (0, 1)),
  bucket INTEGER NOT NULL CHECK (bucket BETWEEN 0 AND 255),
  key TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX record_by_feed ON record (unit, office_only, feed_seq);
CREATE INDEX record_by_bucket ON record (unit, office_only, bucket, id);
CREATE INDEX record_by_key ON record (kind, key);
CREATE INDEX record_by_parent ON record (parent, id) WHERE parent IS NOT NULL;

-- Every version of every record, and the write that made it.
CREATE TABLE record_version (
  record BLOB NOT NULL REFERENCES record (id),
  version INTEGER NOT NULL REFERENCES log (seq),
  device BLOB CHECK (length(device) = 16),
  device_seq INTEGER NOT NULL,
  unit BLOB NOT NULL CHECK (length(unit) = 16),
  stamp_bytes BLOB NOT NULL,
  write_bytes BLOB NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_version_by_record ON record_version (record, version);

-- The last change in each unit's feed: which feeds have something new costs what has changed.
CREATE TABLE unit_feed (
  unit BLOB PRIMARY KEY CHECK (length(unit) = 16),
  last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_feed_by_seq ON unit_feed (last_seq);

-- The last time that a record left a unit; gone once it is back.
CREATE TABLE departure (
  unit BLOB NOT NULL CHECK (length(unit) = 16),
  seq INTEGER NOT NULL,
  record BLOB NOT NULL REFERENCES record (id),
  PRIMARY KEY (unit, seq, record)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX departure_by_record ON departure (record, unit);

-- 256 bucket sums of each unit, eight bytes each, big-endian.
CREATE TABLE digest (
  unit BLOB PRIMARY KEY CHECK (length(unit) = 16),
  sums BLOB NOT NULL CHECK (length(sums) = 2048)
) STRICT;

-- Inner nodes of the audit tree; its leaves stand in the log.
CREATE TABLE audit_node (
  level INTEGER NOT NULL CHECK (level > 0),
  position INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
  series TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
  token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
  device BLOB NOT NULL CHECK (length(device) = 16),
  person BLOB NOT NULL CHECK (length(person) = 16),
  channel INTEGER NOT NULL
) STRICT;

-- The outbox.
CREATE TABLE notification (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state INTEGER NOT NULL,
  next_attempt_at INTEGER,
  attempts INTEGER NOT NULL,
  recipient BLOB CHECK (length(recipient) = 16),
  topic TEXT NOT NULL,
  record BLOB CHECK (length(record) = 16),
  created_at INTEGER NOT NULL,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL
) STRICT;
CREATE INDEX notification_pending ON notification (id) WHERE state = 1;

-- From here on: columns by which the office finds things, derived from the records.
CREATE TABLE unit (
  id BLOB PRIMARY KEY REFERENCES record (id),
  parent BLOB CHECK (length(parent) = 16),
  code TEXT NOT NULL,
  name TEXT NOT NULL
) STRICT;
CREATE INDEX unit_by_parent ON unit (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE risk_source (
  id BLOB PRIMARY KEY REFERENCES record (id),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  site_type INTEGER NOT NULL,
  level INTEGER NOT NULL,
  industry_department BLOB CHECK (length(industry_department) = 16),
  district BLOB CHECK (length(district) = 16),
  responsible_unit BLOB CHECK (length(responsible_unit) = 16),
  retired INTEGER NOT NULL CHECK (retired IN (0, 1))
) STRICT;

-- The flags and the date are those of the derived state, which stands whole in state_bytes
-- (vigil.v1.HazardState); ranks are those of the contract.
CREATE TABLE hazard (
  id BLOB PRIMARY KEY REFERENCES record (id),
  number TEXT NOT NULL,
  risk_source BLOB CHECK (length(risk_source) = 16),
  responsible_unit BLOB CHECK (length(responsible_unit) = 16),
  status INTEGER NOT NULL,
  status_rank INTEGER NOT NULL,
  grade INTEGER NOT NULL,
  grade_rank INTEGER NOT NULL,
  due_date TEXT CHECK (length(due_date) = 10),
  tagged INTEGER NOT NULL CHECK (tagged IN (0, 1)),
  closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
  rectified INTEGER NOT NULL CHECK (rectified IN (0, 1)),
  finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
  in_conflict INTEGER NOT NULL CHECK (in_conflict IN (0, 1)),
  origin INTEGER NOT NULL,
  found_at INTEGER NOT NULL,
  merged_into BLOB CHECK (length(merged_into) = 16),
  imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
  next_step_at INTEGER,
  description TEXT NOT NULL,
  state_bytes BLOB NOT NULL
) STRICT;
CREATE INDEX hazard_by_number ON hazard (number, id);
CREATE INDEX hazard_by_merged_into ON hazard (merged_into, id) WHERE merged_into IS NOT NULL;
CREATE INDEX hazard_by_next_step ON hazard (next_step_at, id) WHERE next_step_at IS NOT NULL;

CREATE TABLE supervision_order (
  id BLOB PRIMARY KEY REFERENCES record (id),
  hazard BLOB NOT NULL CHECK (length(hazard) = 16),
  number TEXT NOT NULL,
  status INTEGER NOT NULL,
  level INTEGER NOT NULL,
  due_date TEXT CHECK (length(due_date) = 10),
  ledger TEXT NOT NULL,
  tag_in_doubt INTEGER NOT NULL CHECK (tag_in_doubt IN (0, 1))
) STRICT;
CREATE INDEX supervision_order_by_hazard ON supervision_order (hazard);
CREATE INDEX supervision_order_by_number ON supervision_order (number, id);

-- Records with fields in conflict; fields: their names with commas between.
CREATE TABLE conflict (
  record BLOB PRIMARY KEY REFERENCES record (id),
  fields TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr char kAccess[] = R"sql(
-- Codes that may be exchanged once. kind: vigil.v1.DeviceKind. device and public_key: what it was
-- exchanged for; device is NULL where it set a password.
CREATE TABLE one_time_code (
  code_hash BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
  person BLOB NOT NULL CHECK (length(person) = 16),
  kind INTEGER NOT NULL,
  inviter_person BLOB CHECK (length(inviter_person) = 16),
  inviter_device BLOB CHECK (length(inviter_device) = 16),
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  device BLOB CHECK (length(device) = 16),
  public_key BLOB NOT NULL
) STRICT;

-- Programs that are known, each by its key. refresh_hash: of the refresh token that comes next;
-- previous_hash: of the one for which it was given, zero for none.
CREATE TABLE sign_in (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  device BLOB NOT NULL CHECK (length(device) = 16),
  person BLOB NOT NULL CHECK (length(person) = 16),
  channel INTEGER NOT NULL,
  refresh_hash BLOB NOT NULL CHECK (length(refresh_hash) = 32),
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  expires_at INTEGER NOT NULL,
  public_key BLOB NOT NULL
) STRICT;
CREATE INDEX sign_in_by_device ON sign_in (device, id);
CREATE INDEX sign_in_by_person ON sign_in (person, id);

CREATE TABLE access_token (
  token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
  sign_in BLOB NOT NULL REFERENCES sign_in (id),
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_token_by_sign_in ON access_token (sign_in);

-- argon2id, as text.
CREATE TABLE password (
  person BLOB PRIMARY KEY CHECK (length(person) = 16),
  hash TEXT NOT NULL
) STRICT;

-- By a phone's key over one of its operations, which speaks for all before it. Stored in the
-- transaction of what it signs.
CREATE TABLE push_signature (
  device BLOB NOT NULL CHECK (length(device) = 16),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  operation_hash BLOB NOT NULL CHECK (length(operation_hash) = 32),
  signature BLOB NOT NULL,
  PRIMARY KEY (device, device_seq)
) STRICT, WITHOUT ROWID;

-- Links of a phone's chain whose operations are not judged: deferred, or withheld.
CREATE TABLE unjudged_link (
  device BLOB NOT NULL CHECK (length(device) = 16),
  device_seq INTEGER NOT NULL CHECK (device_seq > 0),
  operation_hash BLOB NOT NULL CHECK (length(operation_hash) = 32),
  previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
  PRIMARY KEY (device, device_seq)
) STRICT, WITHOUT ROWID;

-- Credentials that were good for ever. Whoever had one enrols.
DROP TABLE credential;
)sql";

constexpr char kOfficeDevice[] = R"sql(
-- device: the person's at the office. Whoever signs in with none now is invited anew.
CREATE TABLE office_password (
  person BLOB PRIMARY KEY CHECK (length(person) = 16),
  device BLOB NOT NULL CHECK (length(device) = 16),
  hash TEXT NOT NULL
) STRICT;
INSERT INTO office_password (person, device, hash)
SELECT password.person, MIN(sign_in.device), password.hash
FROM password JOIN sign_in ON sign_in.person = password.person AND sign_in.channel = 2
GROUP BY password.person;
DROP TABLE password;
ALTER TABLE office_password RENAME TO password;

-- Which program asked is known from its sign-in.
ALTER TABLE one_time_code DROP COLUMN public_key;
)sql";

constexpr char kRestore[] = R"sql(
-- Epochs of other branches that this register's key has signed: phones bring them after a restore
-- from a backup that had not heard of them. bytes: vigil.v1.Epoch.
CREATE TABLE foreign_epoch (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  bytes BLOB NOT NULL
) STRICT;

-- Verified backups that are kept somewhere. bytes: vigil.v1.Backup.
CREATE TABLE backup (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  seq INTEGER NOT NULL CHECK (seq >= 0),
  bytes BLOB NOT NULL
) STRICT;

-- Phones' copies of records from epochs that a restore ended, each once; settled: the office has
-- dealt with it. One that cannot be read has a record of 16 zeros. bytes: vigil.v1.Record.
CREATE TABLE witness_copy (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch BLOB NOT NULL CHECK (length(epoch) = 16),
  record BLOB NOT NULL CHECK (length(record) = 16),
  version INTEGER NOT NULL CHECK (version >= 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  parent BLOB CHECK (length(parent) = 16),
  device BLOB NOT NULL CHECK (length(device) = 16),
  person BLOB NOT NULL CHECK (length(person) = 16),
  returned_at INTEGER NOT NULL,
  settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX witness_copy_by_record ON witness_copy (record, epoch, version, hash);
CREATE INDEX witness_copy_by_parent ON witness_copy (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX witness_copy_open ON witness_copy (id) WHERE settled = 0;
)sql";

constexpr char kMoves[] = R"sql(
-- moved: a move has brought the record to its place in the feed; what an operation changed itself
-- stands before that at the same seq.
ALTER TABLE record ADD COLUMN moved INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1));
UPDATE record SET moved = 1 WHERE version < feed_seq;
DROP INDEX record_by_feed;
CREATE INDEX record_by_feed ON record (unit, office_only, feed_seq, moved);

-- The last time that a record left a unit; gone once it is back. In the order of the feed.
CREATE TABLE departed (
  unit BLOB NOT NULL CHECK (length(unit) = 16),
  seq INTEGER NOT NULL,
  ordinal INTEGER NOT NULL REFERENCES record (ordinal),
  PRIMARY KEY (unit, seq, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO departed (unit, seq, ordinal)
SELECT departure.unit, departure.seq, record.ordinal
FROM departure JOIN record ON record.id = departure.record;
DROP TABLE departure;
ALTER TABLE departed RENAME TO departure;
CREATE UNIQUE INDEX departure_by_record ON departure (ordinal, unit);

-- follows_source: the hazard lives where its risk source does. Of a row that was written before
-- this column it says that it may.
ALTER TABLE hazard ADD COLUMN follows_source INTEGER NOT NULL DEFAULT 0
  CHECK (follows_source IN (0, 1));
UPDATE hazard SET follows_source = 1
WHERE responsible_unit IS (SELECT risk_source.responsible_unit FROM risk_source
                           WHERE risk_source.id = hazard.risk_source);
CREATE INDEX hazard_by_source ON hazard (risk_source, id) WHERE follows_source = 1;
)sql";

constexpr char kLadder[] = R"sql(
-- inspected_on: day of the last inspection; inspection_due: last day for the next one; next_step_at
-- as with hazards. All are worked out anew for all rows because there are no deadlines yet.
ALTER TABLE risk_source ADD COLUMN inspected_on TEXT CHECK (length(inspected_on) = 10);
ALTER TABLE risk_source ADD COLUMN inspection_due TEXT CHECK (length(inspection_due) = 10);
ALTER TABLE risk_source ADD COLUMN next_step_at INTEGER;
CREATE INDEX risk_source_by_next_step ON risk_source (next_step_at, id)
  WHERE next_step_at IS NOT NULL;
CREATE INDEX risk_source_by_inspection ON risk_source (inspection_due, id)
  WHERE inspection_due IS NOT NULL;

-- By which ladder, lists of working days and zone every next_step_at was worked out.
CREATE TABLE deadlines (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32)
) STRICT;
)sql";

constexpr char kDeliveries[] = R"sql(
-- By which channels a message leaves; address: of a channel that has several. changed_at: when it
-- came to its state or was last tried.
CREATE TABLE notification_delivery (
  notification INTEGER NOT NULL REFERENCES notification (id),
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER,
  changed_at INTEGER,
  last_error TEXT NOT NULL,
  PRIMARY KEY (notification, channel, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_delivery_pending ON notification_delivery (channel, notification, address)
  WHERE state = 1;
CREATE INDEX notification_delivery_dead ON notification_delivery (notification) WHERE state = 3;

-- routed: its deliveries are there. What was sent before there were any has none.
DROP INDEX notification_pending;
ALTER TABLE notification DROP COLUMN next_attempt_at;
ALTER TABLE notification DROP COLUMN attempts;
ALTER TABLE notification ADD COLUMN routed INTEGER NOT NULL DEFAULT 0 CHECK (routed IN (0, 1));
UPDATE notification SET routed = 1 WHERE state <> 1;
CREATE INDEX notification_unrouted ON notification (id) WHERE routed = 0;
)sql";

constexpr char kLedger[] = R"sql(
-- What the ledger is filtered by stands beside what it is ordered by: rows that do not match cost
-- no look at the table, and a count none at all.
DROP INDEX hazard_by_number;
CREATE INDEX hazard_by_number ON hazard (
  number, id, due_date, status, grade, tagged, finished, rectified, in_conflict, origin, found_at,
  responsible_unit, risk_source);
CREATE INDEX hazard_by_due ON hazard (
  coalesce(due_date, '9999-12-31'), id, due_date, status, grade, tagged, finished, rectified,
  in_conflict, origin, found_at, responsible_unit, risk_source);
)sql";

constexpr char kFewerPages[] = R"sql(
-- The feed's index is also the one in which a bucket's records are looked for, which only a repair
-- does.
DROP INDEX record_by_bucket;
DROP INDEX record_by_feed;
CREATE INDEX record_by_feed ON record (
  unit, office_only, feed_seq, moved, ordinal, bucket, id);

-- Most records have no key for people.
DROP INDEX record_by_key;
CREATE INDEX record_by_key ON record (kind, key) WHERE key <> '';

-- signature: of the push that ended with this operation, where it was judged in that push.
ALTER TABLE log ADD COLUMN signature BLOB;

-- Inner nodes of every fourth level; the others follow from them.
DELETE FROM audit_node WHERE level % 4 <> 0;
)sql";

constexpr char kNewestVersion[] = R"sql(
-- How a record came to its version stands beside it; a version's own row is written when another
-- one takes its place, or when a move changes what is stored of it. write_bytes: empty where the
-- write made the record, and follows from it with its stamp; NULL where the version's row is in
-- record_version already.
ALTER TABLE record ADD COLUMN device BLOB CHECK (length(device) = 16);
ALTER TABLE record ADD COLUMN device_seq INTEGER;
ALTER TABLE record ADD COLUMN stamp_bytes BLOB;
ALTER TABLE record ADD COLUMN write_bytes BLOB;
)sql";

constexpr char kFeedSize[] = R"sql(
-- records: how many the unit's feed is of.
ALTER TABLE unit_feed ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
UPDATE unit_feed SET records = (
  SELECT count(*) FROM record WHERE record.unit = unit_feed.unit AND office_only = 0);
)sql";

constexpr sqlite::Migration kMigrations[] = {
    {1, "first-schema", "Everything that the register keeps, from its first operation on.",
     kFirstSchema},
    {2, "access", "Enrolment, sign-ins and passwords; the chains and signatures of phones.",
     kAccess},
    {3, "office-device", "Which device is a person's at the office stands beside his password.",
     kOfficeDevice},
    {4, "restore", "Backups that are kept, epochs of other branches, copies that phones return.",
     kRestore},
    {5, "moves",
     "What a move brings along comes in pages; hazards that live where their risk source does.",
     kMoves},
    {6, "ladder", "What risk sources wait for, and by which deadlines all next steps are known.",
     kLadder},
    {7, "deliveries", "A message leaves by several channels, each at its own pace.", kDeliveries},
    {8, "ledger", "A page of the ledger costs its rows, its total one look at an index.", kLedger},
    {9, "fewer-pages", "An operation touches fewer pages: fewer indexes, fewer nodes, fewer rows.",
     kFewerPages},
    {10, "newest-version", "A version has a row of its own only once another takes its place.",
     kNewestVersion},
    {11, "feed-size", "What a first pull will bring is known without being counted.", kFeedSize},
};

}  // namespace

const sqlite::Schema& RegisterSchema() {
  static constexpr sqlite::Schema kSchema = {"Vigil register", kRegisterApplicationId, kMigrations};
  return kSchema;
}

}  // namespace vigil::store
