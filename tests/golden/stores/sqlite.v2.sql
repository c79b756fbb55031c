BEGIN TRANSACTION;
CREATE TABLE deadletter (
        hub TEXT, partition TEXT, sequence INTEGER NOT NULL, position TEXT, code TEXT NOT NULL,
        reason TEXT NOT NULL, request_id TEXT, enqueued_at INTEGER, stored_at INTEGER NOT NULL,
        body_bytes INTEGER NOT NULL, details BLOB NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (hub, partition, position));
INSERT INTO "deadletter" VALUES('requests','3',19,'19-5d41402a','invalid','#/title is missing','requests/3/19',1777896000123456,1777896000123456,13,X'7B226D6573736167654964223A226D2D31222C2270726F70657274696573223A7B22726571756573744964223A2278222C226E223A317D7D',X'7B2270726F6A6563744964223A');
CREATE TABLE head (
        project INTEGER PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL);
INSERT INTO "head" VALUES(7,'2',1267270834572446951);
CREATE TABLE inbox (
        project INTEGER, request_id TEXT, payload TEXT NOT NULL, accepted_at INTEGER NOT NULL,
        PRIMARY KEY (project, request_id)) WITHOUT ROWID;
INSERT INTO "inbox" VALUES(7,'todo-requests/3/18','{"title":"Waits: ✓"}',1777896000123456);
CREATE TABLE marker (
        project INTEGER PRIMARY KEY, set_at INTEGER NOT NULL, version INTEGER NOT NULL);
INSERT INTO "marker" VALUES(7,1777896000123456,2696125911315431767);
CREATE TABLE published (project INTEGER PRIMARY KEY, last INTEGER NOT NULL);
INSERT INTO "published" VALUES(7,1);
CREATE TABLE request (
        project INTEGER, request_id TEXT, id INTEGER NOT NULL,
        PRIMARY KEY (project, request_id)) WITHOUT ROWID;
INSERT INTO "request" VALUES(7,'6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34',1);
INSERT INTO "request" VALUES(7,'todo-requests/3/17',2);
CREATE TABLE todo (
        project INTEGER, id INTEGER, payload TEXT NOT NULL, request_id TEXT NOT NULL,
        PRIMARY KEY (project, id)) WITHOUT ROWID;
INSERT INTO "todo" VALUES(7,1,'{"title":"Buy milk"}','6f1c2a4e-9d3b-4b7e-8a55-0c9e7d1f2b34');
INSERT INTO "todo" VALUES(7,2,'{"title":"\"Käse\" \\ 🧀"}','todo-requests/3/17');
PRAGMA user_version = 2;
COMMIT;
