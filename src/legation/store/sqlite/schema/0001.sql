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

-- The cards of this office, from the first one on; the newest is the one in the folder.
CREATE TABLE own_card (
    number INTEGER PRIMARY KEY CHECK (number >= 0),
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    published_at INTEGER NOT NULL,
    data BLOB NOT NULL CHECK (length(data) > 0)
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

-- Whoever's card was added, trusted or not; and offices without a node, whose copies go on paper. heard_at: when it
-- last pulled from us or pushed to us; reached_at: when it last answered us; failed_at: when it did not, unless it did
-- since. asked_by: who asked first that a stopped link goes on; it takes a second person. protocol: the highest version
-- of the exchange that it has spoken; lower_by: who asked that it may speak a lower one. too_long: the entry of our
-- stream that is too long to be pushed to it, and waits for a pull or a bag, until it is receipted.
CREATE TABLE peer (
    office TEXT PRIMARY KEY CHECK (office <> ''),
    way TEXT NOT NULL DEFAULT 'node' CHECK (way IN ('node', 'paper')),
    link TEXT NOT NULL DEFAULT 'active' CHECK (link IN ('active', 'paused', 'frozen', 'excluded')),
    asked_by TEXT CHECK (asked_by <> ''),
    because TEXT NOT NULL DEFAULT '',
    heard_at INTEGER,
    reached_at INTEGER,
    failed_at INTEGER,
    failure TEXT NOT NULL DEFAULT '',
    protocol INTEGER NOT NULL DEFAULT 0 CHECK (protocol BETWEEN 0 AND 65535),
    lower_by TEXT CHECK (lower_by <> ''),
    too_long INTEGER CHECK (too_long > 0),
    CHECK ((failed_at IS NULL) = (failure = '')),
    CHECK (asked_by IS NULL OR link IN ('paused', 'excluded'))
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

-- Every verified view of an item, each once. data NULL: it is longer than 64 KiB, and a blob; or destroyed. source:
-- whose stream it came on, '' for our own whole item.
CREATE TABLE view (
    view_key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    item_id BLOB NOT NULL REFERENCES item (item_id),
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'quarantined', 'destroyed')),
    because TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    data BLOB CHECK (length(data) = size_bytes),
    CHECK ((data IS NULL) = (size_bytes > 65536 OR state = 'destroyed')),
    CHECK ((state = 'quarantined') = (because <> '')),
    CHECK (source <> '' OR state = 'held') -- the author keeps what it wrote
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

-- view_key: of another's item the view that was approved and is cut; NULL: our own whole item is. It has an entry
-- in a stream, or a copy on paper, or neither yet. copy_number: among the copies of the item for this office.
CREATE TABLE delivery (
    delivery_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL CHECK (office <> ''),
    item_id BLOB NOT NULL REFERENCES item (item_id),
    release_id INTEGER NOT NULL REFERENCES released (release_id),
    view_key INTEGER REFERENCES view (view_key),
    slip BLOB NOT NULL,
    precedence INTEGER NOT NULL CHECK (precedence BETWEEN 0 AND 3),
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'numbered', 'receipted', 'withheld', 'void', 'withdrawn', 'printed')),
    because TEXT NOT NULL CHECK (because IN (
        '', 'no-connection', 'unreachable', 'link-stopped', 'not-yet-pulled', 'refused-by-rule', 'empty-cut',
        'expired', 'taken-back', 'no-difference', 'replaced', 'not-received', 'received-before', 'withdrawal-received',
        'to-be-printed', 'handed-over', 'destroyed', 'certified', 'printed-before', 'waits-for-bag',
        'too-long-to-push', 'no-way-back', 'sent-again'
    )),
    stream_id INTEGER,
    entry_number INTEGER,
    copy_number INTEGER CHECK (copy_number > 0),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    changed_at INTEGER NOT NULL,
    CHECK ((stream_id IS NULL) = (entry_number IS NULL)),
    CHECK (entry_number IS NULL OR copy_number IS NULL),
    CHECK (state <> 'numbered' OR entry_number IS NOT NULL),
    CHECK (state <> 'printed' OR copy_number IS NOT NULL),
    CHECK (state NOT IN ('receipted', 'void') OR coalesce(entry_number, copy_number) IS NOT NULL),
    CHECK (state NOT IN ('waiting', 'withheld') OR coalesce(entry_number, copy_number) IS NULL),
    CHECK (state NOT IN ('withheld', 'void') OR because <> ''),
    CHECK (state <> 'receipted' OR because = iif(copy_number IS NULL, '', 'handed-over')),
    CHECK (state NOT IN ('waiting', 'numbered', 'printed') OR because = ''
        OR (state = 'numbered' AND because = 'no-way-back')),
    FOREIGN KEY (stream_id, entry_number) REFERENCES outgoing_entry (stream_id, number)
) STRICT;
-- Another's item can be passed on to an office again, with more of it: each time by a release of its own.
CREATE UNIQUE INDEX delivery_live ON delivery (office, item_id, release_id)
    WHERE state IN ('waiting', 'numbered', 'receipted', 'withheld', 'printed');
CREATE UNIQUE INDEX delivery_copy ON delivery (office, item_id, copy_number) WHERE copy_number IS NOT NULL;
CREATE INDEX delivery_waiting ON delivery (office, precedence DESC, delivery_id) WHERE state = 'waiting';
CREATE UNIQUE INDEX delivery_numbered ON delivery (stream_id, entry_number) WHERE state = 'numbered';
CREATE INDEX delivery_item ON delivery (item_id);
CREATE INDEX delivery_given ON delivery (office, delivery_id)
    WHERE entry_number IS NOT NULL OR copy_number IS NOT NULL;

-- What the approver saw that this addressee would get. is_withheld mirrors the delivery's state, so that
-- the deliveries that a changed decision touches are found without visiting the others. is_cut: it was not permitted
-- when the delivery was numbered, and is not in the copy.
CREATE TABLE delivery_label (
    delivery_id INTEGER NOT NULL REFERENCES delivery (delivery_id),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    office TEXT NOT NULL CHECK (office <> ''),
    is_withheld INTEGER NOT NULL DEFAULT 0 CHECK (is_withheld IN (0, 1)),
    is_cut INTEGER NOT NULL DEFAULT 0 CHECK (is_cut IN (0, 1)),
    PRIMARY KEY (delivery_id, access_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_label_withheld ON delivery_label (office, access_id, delivery_id) WHERE is_withheld = 1;

-- What an office was never given and may see now of our own items: the back-file, proposed by one person and admitted
-- by another. done: so many of its items became deliveries by now; they do in their order.
CREATE TABLE admission (
    admission_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL CHECK (office <> ''),
    preview_digest BLOB NOT NULL CHECK (length(preview_digest) = 32),
    proposed_by TEXT NOT NULL,
    proposed_at INTEGER NOT NULL,
    confirmed_by TEXT CHECK (confirmed_by <> proposed_by),
    confirmed_at INTEGER,
    size INTEGER NOT NULL CHECK (size > 0),
    done INTEGER NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND size),
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (done = 0 OR confirmed_by IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX admission_proposed ON admission (office, preview_digest) WHERE confirmed_by IS NULL;
CREATE INDEX admission_office ON admission (office, preview_digest);
CREATE INDEX admission_open ON admission (admission_id) WHERE confirmed_by IS NOT NULL AND done < size;

-- labels: the access ids approved, as a list in JSON.
CREATE TABLE admission_item (
    admission_id INTEGER NOT NULL REFERENCES admission (admission_id),
    place INTEGER NOT NULL CHECK (place >= 0),
    item_id BLOB NOT NULL REFERENCES item (item_id),
    labels TEXT NOT NULL CHECK (labels <> ''),
    PRIMARY KEY (admission_id, place)
) STRICT, WITHOUT ROWID;

-- Copies on paper, and what persons said of them. cut: SHA-256 of the copy that was printed, which is cut again from
-- the item by printed_layer. languages: those that were asked for, best first, with a space between.
CREATE TABLE printed (
    delivery_id INTEGER PRIMARY KEY REFERENCES delivery (delivery_id),
    cut BLOB NOT NULL CHECK (length(cut) = 32),
    languages TEXT NOT NULL,
    printed_by TEXT NOT NULL CHECK (printed_by <> ''),
    printed_at INTEGER NOT NULL,
    handed_to TEXT CHECK (handed_to <> ''),
    handed_by TEXT CHECK (handed_by <> ''),
    handed_at INTEGER,
    destroyed_by TEXT CHECK (destroyed_by <> ''),
    destroyed_at INTEGER,
    CHECK ((handed_to IS NULL) = (handed_by IS NULL) AND (handed_to IS NULL) = (handed_at IS NULL)),
    CHECK ((destroyed_by IS NULL) = (destroyed_at IS NULL))
) STRICT;

-- Under which access ids the layers stand that a copy on paper shows.
CREATE TABLE printed_layer (
    delivery_id INTEGER NOT NULL REFERENCES printed (delivery_id),
    access_id INTEGER NOT NULL REFERENCES access (access_id),
    PRIMARY KEY (delivery_id, access_id)
) STRICT, WITHOUT ROWID;

-- size: that of the frontier. Of the streams to an office one is present; the others were left for it. is_settled:
-- whether what had not been receipted in those goes again. told_size: how many entries the peer last said that it
-- holds, with our root, and told_at when; it is no receipt. told_card: the newest card of ours that it has told.
CREATE TABLE outgoing (
    stream_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL UNIQUE CHECK (length(incarnation) = 16),
    frontier BLOB NOT NULL,
    size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
    receipt_size INTEGER NOT NULL DEFAULT 0 CHECK (receipt_size BETWEEN 0 AND size),
    told_card INTEGER NOT NULL DEFAULT 0 CHECK (told_card >= 0),
    is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
    is_settled INTEGER NOT NULL DEFAULT 1 CHECK (is_settled IN (0, 1)),
    started_at INTEGER NOT NULL,
    told_size INTEGER NOT NULL DEFAULT 0 CHECK (told_size BETWEEN 0 AND size),
    told_at INTEGER
) STRICT;
CREATE UNIQUE INDEX outgoing_current ON outgoing (office) WHERE is_current = 1;
CREATE INDEX outgoing_office ON outgoing (office);

-- What a peer holds of our streams to it beyond what is here, or of an incarnation that was left. receipt: our own
-- signature over that, and theirs; without one it is their word. is_open: it says that this node has lost something,
-- and no restoration has answered that.
CREATE TABLE held_there (
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    size INTEGER NOT NULL CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    shown_at INTEGER NOT NULL,
    receipt BLOB CHECK (length(receipt) > 0),
    PRIMARY KEY (office, incarnation)
) STRICT, WITHOUT ROWID;

-- Entries of our streams that this node has lost, as their receiver has them: they lead to what this node signed. kind
-- NULL: it was taken back. item_id: as the receiver says.
CREATE TABLE lost_entry (
    office TEXT NOT NULL,
    incarnation BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    kind TEXT CHECK (kind <> ''),
    item_id BLOB CHECK (length(item_id) = 32),
    CHECK (item_id IS NULL OR (kind IS NOT NULL AND kind = 'view')),
    PRIMARY KEY (office, incarnation, number),
    FOREIGN KEY (office, incarnation) REFERENCES held_there (office, incarnation)
) STRICT, WITHOUT ROWID;

-- What was declared of this folder: that it was put back from a backup and goes on, or that it is a copy, which never
-- does. It takes two persons. record: what stands in the log, by its hash.
CREATE TABLE restoration (
    restoration_id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('restored', 'copy')),
    proposed_by TEXT NOT NULL CHECK (proposed_by <> ''),
    proposed_at INTEGER NOT NULL,
    confirmed_by TEXT CHECK (confirmed_by <> proposed_by),
    confirmed_at INTEGER,
    record BLOB,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL) AND (confirmed_by IS NULL) = (record IS NULL))
) STRICT;
CREATE UNIQUE INDEX restoration_proposed ON restoration (confirmed_by IS NULL) WHERE confirmed_by IS NULL;

-- root: of the stream with this entry. payload NULL: longer than 64 KiB, and a blob; or taken back; or destroyed here,
-- after it was receipted.
CREATE TABLE outgoing_entry (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    number INTEGER NOT NULL CHECK (number >= 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
    payload_size_bytes INTEGER NOT NULL CHECK (payload_size_bytes > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    delivery_id INTEGER UNIQUE REFERENCES delivery (delivery_id),
    is_taken_back INTEGER NOT NULL DEFAULT 0 CHECK (is_taken_back IN (0, 1)),
    is_destroyed INTEGER NOT NULL DEFAULT 0 CHECK (is_destroyed IN (0, 1)),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    numbered_at INTEGER NOT NULL,
    payload BLOB CHECK (length(payload) = payload_size_bytes),
    PRIMARY KEY (stream_id, number),
    CHECK ((kind = 'start') = (number = 0)),
    CHECK (kind = 'view' OR (delivery_id IS NULL AND is_taken_back = 0 AND is_destroyed = 0)),
    CHECK ((payload IS NULL) = (is_taken_back = 1 OR is_destroyed = 1 OR payload_size_bytes > 65536))
) STRICT;

CREATE INDEX outgoing_entry_policy ON outgoing_entry (stream_id, payload_hash) WHERE kind = 'policy';
CREATE INDEX outgoing_entry_withdrawal ON outgoing_entry (payload_hash) WHERE kind = 'withdrawal';
CREATE INDEX outgoing_entry_destruction ON outgoing_entry (payload_hash) WHERE kind = 'destruction';
-- What goes also where a link is stopped.
CREATE INDEX outgoing_entry_passes ON outgoing_entry (stream_id, number)
    WHERE kind IN ('void', 'refused', 'withdrawal', 'destruction');

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

-- Bags that were packed of a stream: its entries from start up to stop. written_at NULL: its file did not come to be.
-- receipt_size: how many entries of the other stream the receipt in it is over, 0 if there is none in it; receipt_of: which.
CREATE TABLE packed_bag (
    stream_id INTEGER NOT NULL REFERENCES outgoing (stream_id),
    number INTEGER NOT NULL CHECK (number > 0),
    start INTEGER NOT NULL CHECK (start >= 0),
    stop INTEGER NOT NULL CHECK (stop >= start),
    binding BLOB NOT NULL UNIQUE CHECK (length(binding) = 32),
    file BLOB NOT NULL UNIQUE CHECK (length(file) = 8),
    has_way_back INTEGER NOT NULL CHECK (has_way_back IN (0, 1)),
    receipt_size INTEGER NOT NULL CHECK (receipt_size >= 0),
    receipt_of INTEGER REFERENCES incoming (stream_id),
    packed_by TEXT NOT NULL CHECK (packed_by <> ''),
    packed_at INTEGER NOT NULL,
    size_bytes INTEGER CHECK (size_bytes > 0),
    written_at INTEGER,
    CHECK ((size_bytes IS NULL) = (written_at IS NULL)),
    CHECK ((receipt_size = 0) = (receipt_of IS NULL)),
    PRIMARY KEY (stream_id, number)
) STRICT, WITHOUT ROWID;

-- Of the streams of an office one is present. What came of those before it stays.
CREATE TABLE incoming (
    stream_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    frontier BLOB NOT NULL,
    size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
    receipt_size INTEGER NOT NULL DEFAULT 0 CHECK (receipt_size BETWEEN 0 AND size),
    is_current INTEGER NOT NULL DEFAULT 1 CHECK (is_current IN (0, 1)),
    started_at INTEGER NOT NULL,
    UNIQUE (office, incarnation)
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

-- Policies that peers have offered, the newest of each office; nothing is decided with them. The file is in the entry.
-- stated_by: whose statement came with it, '' if none did.
CREATE TABLE policy_offer (
    offer_id INTEGER PRIMARY KEY,
    office TEXT NOT NULL REFERENCES peer (office),
    id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    name TEXT NOT NULL,
    stated_by TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    offered_at INTEGER NOT NULL,
    UNIQUE (office, digest),
    FOREIGN KEY (stream_id, number) REFERENCES incoming_entry (stream_id, number)
) STRICT;

CREATE TABLE incoming_receipt (
    stream_id INTEGER NOT NULL REFERENCES incoming (stream_id),
    size INTEGER NOT NULL CHECK (size > 0),
    data BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (stream_id, size)
) STRICT, WITHOUT ROWID;

-- Bags of a peer that were opened, each once.
CREATE TABLE opened_bag (
    binding BLOB PRIMARY KEY CHECK (length(binding) = 32),
    office TEXT NOT NULL REFERENCES peer (office),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    number INTEGER NOT NULL CHECK (number > 0),
    start INTEGER NOT NULL CHECK (start >= 0),
    stop INTEGER NOT NULL CHECK (stop >= start),
    opened_by TEXT NOT NULL CHECK (opened_by <> ''),
    opened_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX opened_bag_number ON opened_bag (office, incarnation, number);

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

-- Signed once for a size of an incarnation; a node that was restored begins another one, over the same entries.
CREATE TABLE log_checkpoint (
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    size INTEGER NOT NULL CHECK (size > 0),
    data BLOB NOT NULL,
    PRIMARY KEY (incarnation, size)
) STRICT, WITHOUT ROWID;

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

-- Certificates of destruction: those that came, and our own (source ''). office: whose key signed it, '' if that is not
-- known. destroyed_at: by that office's clock. withdrawal: SHA-256 of what it answers. Kept for ever.
CREATE TABLE destruction (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    item_id BLOB NOT NULL CHECK (length(item_id) = 32),
    office TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'quarantined')),
    because TEXT NOT NULL,
    destroyed_at INTEGER NOT NULL CHECK (destroyed_at >= 0),
    withdrawal BLOB CHECK (length(withdrawal) = 32),
    received_at INTEGER NOT NULL,
    data BLOB NOT NULL CHECK (length(data) BETWEEN 1 AND 1024),
    CHECK ((state = 'quarantined') = (because <> '')),
    CHECK (state = 'quarantined' OR office <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX destruction_item ON destruction (item_id, office) WHERE state = 'held';
CREATE INDEX destruction_quarantined ON destruction (digest) WHERE state = 'quarantined';

-- Others' items that two persons destroyed here. certificate: what we signed of it when no byte was left; until then
-- whoever opens the store goes on with it.
CREATE TABLE destroyed (
    destroyed_id INTEGER PRIMARY KEY,
    item_id BLOB NOT NULL REFERENCES item (item_id),
    destroyed_by TEXT NOT NULL CHECK (destroyed_by <> ''),
    witness TEXT NOT NULL CHECK (witness NOT IN ('', destroyed_by)),
    began_at INTEGER NOT NULL,
    certificate BLOB UNIQUE REFERENCES destruction (digest)
) STRICT;
CREATE INDEX destroyed_item ON destroyed (item_id);
CREATE UNIQUE INDEX destroyed_going_on ON destroyed (item_id) WHERE certificate IS NULL;

-- Files of what is being destroyed that are not off the disk yet: a blob by its hash, an attachment by its name.
CREATE TABLE erasing (
    file BLOB PRIMARY KEY CHECK (length(file) IN (16, 32)),
    destroyed_id INTEGER NOT NULL REFERENCES destroyed (destroyed_id)
) STRICT, WITHOUT ROWID;

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
