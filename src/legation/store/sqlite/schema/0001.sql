-- SPDX-License-Identifier: Apache-2.0
--
-- The tables of a node. Ids and hashes are BLOBs, times are seconds since 1970 in UTC. What a reader may
-- see is compared by access id, so a label stands here once, however many portions carry it.
--
-- What cannot be is refused here, whatever the program does: states that are none, what one person did
-- alone, two present streams to one office, an entry without its payload. A comparison with NULL holds.
--
-- What is long stands last in its row: what stands behind it is read only through all of it.

CREATE TABLE node (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    office TEXT NOT NULL CHECK (office <> ''),
    created_at INTEGER NOT NULL
) STRICT;

-- Counts every change of what decides. changes_at: when a date will change a decision next, as it was worked
-- out at began_at.
CREATE TABLE epoch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL CHECK (number > 0),
    changes_at INTEGER,
    began_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the mission's own people hold ('own'), and what others may hand to it ('received').
CREATE TABLE mission_clearance (
    policy_id TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('own', 'received')),
    clearance BLOB NOT NULL,
    PRIMARY KEY (policy_id, purpose)
) STRICT, WITHOUT ROWID;

-- own, received: what the mission is to hold under it, where that was proposed with it.
CREATE TABLE policy (
    policy_key INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    name TEXT NOT NULL,
    spif BLOB NOT NULL CHECK (length(spif) > 0),
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    accepted_by TEXT CHECK (accepted_by <> proposed_by),
    accepted_at INTEGER,
    own BLOB,
    received BLOB,
    CHECK ((accepted_by IS NULL) = (accepted_at IS NULL)),
    UNIQUE (id, version)
) STRICT;

CREATE TABLE need_to_know (
    group_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO need_to_know (group_id, name) VALUES (0, '');

CREATE TABLE access (
    access_id INTEGER PRIMARY KEY,
    policy_id TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    policy_digest BLOB NOT NULL CHECK (length(policy_digest) = 32),
    label BLOB NOT NULL CHECK (length(label) > 0),
    need_to_know INTEGER NOT NULL DEFAULT 0 REFERENCES need_to_know (group_id),
    UNIQUE (policy_id, policy_version, policy_digest, label, need_to_know)
) STRICT;

-- Whoever's card was added, trusted or not. heard_at: when it last pulled from us; reached_at: when it last
-- answered us; failed_at: when it did not, unless it did since.
CREATE TABLE peer (
    office TEXT PRIMARY KEY CHECK (office <> ''),
    link TEXT NOT NULL DEFAULT 'active' CHECK (link IN ('active', 'paused', 'frozen')),
    because TEXT NOT NULL DEFAULT '',
    heard_at INTEGER,
    reached_at INTEGER,
    failed_at INTEGER,
    failure TEXT NOT NULL DEFAULT '',
    CHECK ((failed_at IS NULL) = (failure = ''))
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
    office TEXT NOT NULL REFERENCES peer (office),
    number INTEGER NOT NULL CHECK (number >= 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    data BLOB NOT NULL CHECK (length(data) > 0),
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    confirmed_by TEXT CHECK (confirmed_by <> added_by),
    confirmed_at INTEGER,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    PRIMARY KEY (office, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE granted (
    grant_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    policy_id TEXT NOT NULL,
    clearance BLOB NOT NULL,
    agreement TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    confirmed_by TEXT CHECK (confirmed_by <> proposed_by),
    confirmed_at INTEGER,
    ended_at INTEGER,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX granted_in_force ON granted (office, policy_id)
    WHERE confirmed_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX granted_proposed ON granted (office) WHERE confirmed_at IS NULL AND ended_at IS NULL;

-- What proves that a link went wrong; kept for ever.
CREATE TABLE evidence (
    evidence_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    what TEXT NOT NULL,
    ours BLOB NOT NULL,
    theirs BLOB NOT NULL,
    found_at INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_office ON evidence (office);

CREATE TABLE draft (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    written_by TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The bytes of a draft, in pieces: the longest is longer than a value may be.
CREATE TABLE draft_piece (
    piece_key INTEGER PRIMARY KEY,
    digest BLOB NOT NULL REFERENCES draft (digest),
    place INTEGER NOT NULL CHECK (place >= 0),
    data BLOB NOT NULL CHECK (length(data) > 0),
    UNIQUE (digest, place)
) STRICT;

CREATE TABLE item (
    item_id BLOB PRIMARY KEY CHECK (length(item_id) = 32),
    document BLOB NOT NULL CHECK (length(document) = 16),
    time INTEGER NOT NULL CHECK (time >= 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    author BLOB NOT NULL CHECK (length(author) = 32),
    office TEXT NOT NULL,
    reference TEXT NOT NULL,
    is_own INTEGER NOT NULL CHECK (is_own IN (0, 1)),
    received_at INTEGER NOT NULL,
    CHECK ((office = '') = (reference = '')),
    CHECK (is_own = 0 OR office <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX item_document ON item (document, time);
CREATE INDEX item_reference ON item (reference);

-- Every verified view of an item, each once. data NULL: it is longer than 64 KiB, and a blob. source: whose
-- stream it came on, '' for our own whole item.
CREATE TABLE view (
    view_key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    item_id BLOB NOT NULL REFERENCES item (item_id),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'quarantined')),
    because TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    data BLOB CHECK (length(data) = size_bytes),
    CHECK ((data IS NULL) = (size_bytes > 65536)),
    CHECK ((state = 'quarantined') = (because <> '')),
    CHECK (source <> '' OR state = 'held')
) STRICT;
CREATE INDEX view_item ON view (item_id);
CREATE UNIQUE INDEX view_own ON view (item_id) WHERE source = '';
CREATE INDEX view_quarantined ON view (source) WHERE state = 'quarantined';

CREATE TABLE layer (
    view_key INTEGER NOT NULL REFERENCES view (view_key),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    PRIMARY KEY (view_key, access_id)
) STRICT, WITHOUT ROWID;

-- draft_digest NULL: another office's item was passed on, for which nothing was written here.
CREATE TABLE released (
    release_id INTEGER PRIMARY KEY,
    item_id BLOB NOT NULL REFERENCES item (item_id),
    draft_digest BLOB UNIQUE REFERENCES draft (digest),
    preview_digest BLOB NOT NULL CHECK (length(preview_digest) = 32),
    released_by TEXT NOT NULL,
    released_at INTEGER NOT NULL
) STRICT;

-- view_key: of another's item the view that was approved and is cut; NULL: our own whole item is.
CREATE TABLE delivery (
    delivery_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL CHECK (office <> ''),
    item_id BLOB NOT NULL REFERENCES item (item_id),
    release_id INTEGER NOT NULL REFERENCES released (release_id),
    view_key INTEGER REFERENCES view (view_key),
    slip BLOB NOT NULL,
    precedence INTEGER NOT NULL CHECK (precedence BETWEEN 0 AND 3),
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'numbered', 'receipted', 'withheld', 'void', 'withdrawn')),
    because TEXT NOT NULL CHECK (because IN (
        '', 'no-connection', 'unreachable', 'link-stopped', 'not-yet-pulled', 'refused-by-rule', 'empty-cut',
        'expired', 'taken-back', 'no-difference', 'replaced', 'not-received', 'received-before', 'withdrawal-received'
    )),
    stream_id INTEGER,
    entry_number INTEGER,
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    changed_at INTEGER NOT NULL,
    CHECK ((stream_id IS NULL) = (entry_number IS NULL)),
    CHECK (state NOT IN ('numbered', 'receipted', 'void') OR entry_number IS NOT NULL),
    CHECK (state NOT IN ('waiting', 'withheld') OR entry_number IS NULL),
    CHECK (state NOT IN ('withheld', 'void') OR because <> ''),
    CHECK (state NOT IN ('waiting', 'numbered', 'receipted') OR because = ''),
    FOREIGN KEY (stream_id, entry_number) REFERENCES outgoing_entry (stream_id, number)
) STRICT;
-- Another's item can be passed on to an office again, with more of it: each time by a release of its own.
CREATE UNIQUE INDEX delivery_live ON delivery (office, item_id, release_id)
    WHERE state IN ('waiting', 'numbered', 'receipted', 'withheld');
CREATE INDEX delivery_waiting ON delivery (office, precedence DESC, delivery_id) WHERE state = 'waiting';
CREATE UNIQUE INDEX delivery_numbered ON delivery (stream_id, entry_number) WHERE state = 'numbered';
CREATE INDEX delivery_item ON delivery (item_id);

-- What the approver saw that this addressee would get. is_withheld mirrors the delivery's state, so that
-- the deliveries that a changed decision touches are found without visiting the others.
CREATE TABLE delivery_label (
    delivery_id INTEGER NOT NULL REFERENCES delivery (delivery_id),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    office TEXT NOT NULL CHECK (office <> ''),
    is_withheld INTEGER NOT NULL DEFAULT 0 CHECK (is_withheld IN (0, 1)),
    PRIMARY KEY (delivery_id, access_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_label_withheld ON delivery_label (office, access_id, delivery_id) WHERE is_withheld = 1;

-- size: that of the frontier. Of the streams to an office one is present.
CREATE TABLE outgoing (
    stream_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL UNIQUE CHECK (length(incarnation) = 16),
    frontier BLOB NOT NULL,
    size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
    receipt_size INTEGER NOT NULL DEFAULT 0 CHECK (receipt_size BETWEEN 0 AND size),
    is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
    started_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX outgoing_current ON outgoing (office) WHERE is_current = 1;

-- root: of the stream with this entry. payload NULL: longer than 64 KiB, and a blob; or taken back.
CREATE TABLE outgoing_entry (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    number INTEGER NOT NULL CHECK (number >= 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
    payload_size_bytes INTEGER NOT NULL CHECK (payload_size_bytes > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    delivery_id INTEGER UNIQUE REFERENCES delivery (delivery_id),
    is_taken_back INTEGER NOT NULL DEFAULT 0 CHECK (is_taken_back IN (0, 1)),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    numbered_at INTEGER NOT NULL,
    payload BLOB CHECK (length(payload) = payload_size_bytes),
    PRIMARY KEY (stream_id, number),
    CHECK ((kind = 'start') = (number = 0)),
    CHECK (kind = 'view' OR (delivery_id IS NULL AND is_taken_back = 0)),
    CHECK ((payload IS NULL) = (is_taken_back = 1 OR payload_size_bytes > 65536))
) STRICT;

CREATE INDEX outgoing_entry_withdrawal ON outgoing_entry (payload_hash) WHERE kind = 'withdrawal';

CREATE TABLE outgoing_checkpoint (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    size INTEGER NOT NULL CHECK (size > 0),
    data BLOB NOT NULL,
    PRIMARY KEY (stream_id, size)
) STRICT, WITHOUT ROWID;

-- Evidence of what a peer held: kept for ever.
CREATE TABLE outgoing_receipt (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    size INTEGER NOT NULL CHECK (size > 0),
    data BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (stream_id, size)
) STRICT, WITHOUT ROWID;

-- Of the tree of a stream, the roots over 16 entries, 32, and so on: a proof reads a few rows. They never change.
CREATE TABLE outgoing_subtree (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    height INTEGER NOT NULL CHECK (height >= 4),
    place INTEGER NOT NULL CHECK (place >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (stream_id, height, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE incoming (
    stream_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL UNIQUE CHECK (length(incarnation) = 16),
    frontier BLOB NOT NULL,
    size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
    receipt_size INTEGER NOT NULL DEFAULT 0 CHECK (receipt_size BETWEEN 0 AND size),
    is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
    started_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX incoming_current ON incoming (office) WHERE is_current = 1;

-- What came as a leaf only, because it was taken back, has nothing but that. The payload of a view is its slip
-- and the view itself; a payload longer than 64 KiB is a blob.
CREATE TABLE incoming_entry (
    stream_id INTEGER NOT NULL REFERENCES incoming (stream_id),
    number INTEGER NOT NULL CHECK (number >= 0),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    state TEXT NOT NULL CHECK (state IN ('held', 'refused', 'taken-back', 'void')),
    kind TEXT CHECK (kind <> ''),
    payload_hash BLOB CHECK (length(payload_hash) = 32),
    payload_size_bytes INTEGER CHECK (payload_size_bytes > 0),
    view_key INTEGER REFERENCES view (view_key),
    slip BLOB,
    received_at INTEGER NOT NULL,
    payload BLOB CHECK (length(payload) = payload_size_bytes),
    PRIMARY KEY (stream_id, number),
    CHECK ((kind IS NULL) = (payload_hash IS NULL) AND (kind IS NULL) = (payload_size_bytes IS NULL)),
    CHECK (kind IS NOT NULL OR state IN ('taken-back', 'void')),
    CHECK (kind IS NULL OR state <> 'taken-back'),
    CHECK (kind IS NULL OR (kind = 'start') = (number = 0)),
    CHECK ((kind IS NOT NULL AND kind = 'view') = (slip IS NOT NULL)),
    CHECK (view_key IS NULL OR (kind IS NOT NULL AND kind = 'view' AND state <> 'refused')),
    CHECK (view_key IS NOT NULL OR kind IS NULL OR kind <> 'view' OR state <> 'held'),
    CHECK (payload IS NULL OR (kind IS NOT NULL AND kind <> 'view')),
    CHECK (payload IS NOT NULL OR kind IS NULL OR kind = 'view' OR payload_size_bytes > 65536)
) STRICT, WITHOUT ROWID;
CREATE INDEX incoming_entry_view ON incoming_entry (view_key) WHERE view_key IS NOT NULL;
CREATE INDEX incoming_entry_taken_back ON incoming_entry (stream_id, number) WHERE state = 'taken-back';

CREATE TABLE incoming_receipt (
    stream_id INTEGER NOT NULL REFERENCES incoming (stream_id),
    size INTEGER NOT NULL CHECK (size > 0),
    data BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (stream_id, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_entry (
    number INTEGER PRIMARY KEY CHECK (number >= 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL CHECK (time >= 0)
) STRICT;

CREATE TABLE log_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    frontier BLOB NOT NULL
) STRICT;

-- As for a stream.
CREATE TABLE log_subtree (
    height INTEGER NOT NULL CHECK (height >= 4),
    place INTEGER NOT NULL CHECK (place >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (height, place)
) STRICT, WITHOUT ROWID;

-- Signed once for a size.
CREATE TABLE log_checkpoint (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    data BLOB NOT NULL
) STRICT;

-- Projection: what the inbox shows of a view, and under which access id. Can be dropped and folded again.
CREATE TABLE inbox (
    view_key INTEGER PRIMARY KEY REFERENCES view (view_key),
    item_id BLOB NOT NULL REFERENCES item (item_id)
) STRICT;

CREATE TABLE inbox_layer (
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    view_key INTEGER NOT NULL REFERENCES inbox (view_key) ON DELETE CASCADE,
    has_body INTEGER NOT NULL CHECK (has_body IN (0, 1)),
    title TEXT CHECK (title <> ''),
    PRIMARY KEY (access_id, view_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_layer_view ON inbox_layer (view_key);

-- Versions and withdrawals.

-- Projection: what each layer of a view says (first = second), and how two of them join (first < second),
-- without its time, ids and salts. Only of documents of which an office wrote several versions: they are
-- compared by it. Can be dropped and folded again.
CREATE TABLE substance (
    view_key INTEGER NOT NULL REFERENCES view (view_key),
    first INTEGER NOT NULL REFERENCES access (access_id),
    second INTEGER NOT NULL REFERENCES access (access_id),
    has_body INTEGER NOT NULL CHECK (has_body IN (0, 1)),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (view_key, first, second),
    CHECK (first <= second),
    CHECK (first = second OR has_body = 0)
) STRICT, WITHOUT ROWID;

-- Every withdrawal that came, and our own; also of items that have not come. office: whose key signed it, ''
-- if that is not known. It counts for items of that office, if it is held. Kept for ever.
CREATE TABLE withdrawal (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    item_id BLOB NOT NULL CHECK (length(item_id) = 32),
    office TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'quarantined')),
    because TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    data BLOB NOT NULL CHECK (length(data) BETWEEN 1 AND 512),
    CHECK ((state = 'quarantined') = (because <> '')),
    CHECK (state = 'quarantined' OR office <> '')
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX withdrawal_held ON withdrawal (item_id, office) WHERE state = 'held';
CREATE INDEX withdrawal_quarantined ON withdrawal (digest) WHERE state = 'quarantined';

-- The attachments that are held, each whole, and once for a label, however many items it belongs to. file, key:
-- where its bytes lie, and what opens them. leaves: the hashes of its chunks, one behind the other.
CREATE TABLE attachment (
    attachment_key INTEGER PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes BETWEEN 0 AND 17179869184),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    file BLOB NOT NULL UNIQUE CHECK (length(file) = 16),
    key BLOB NOT NULL CHECK (length(key) = 32),
    kept_at INTEGER NOT NULL,
    leaves BLOB NOT NULL CHECK (length(leaves) = 32 * ((size_bytes + 1048575) / 1048576)),
    UNIQUE (root, size_bytes, access_id)
) STRICT;

-- Attachments of entries that are still coming: so many chunks of each are on the disk. What is held already comes
-- once more with each entry, or the sender would see what we hold.
CREATE TABLE arriving (
    office TEXT NOT NULL CHECK (office <> ''),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    number INTEGER NOT NULL CHECK (number > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes BETWEEN 0 AND 17179869184),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    file BLOB NOT NULL UNIQUE CHECK (length(file) = 16),
    key BLOB NOT NULL CHECK (length(key) = 32),
    leaves BLOB NOT NULL CHECK (length(leaves) % 32 = 0),
    PRIMARY KEY (office, incarnation, number, root, size_bytes, access_id)
) STRICT;
