BEGIN TRANSACTION;
CREATE TABLE head (
        project INTEGER PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL);
INSERT INTO "head" VALUES(7,'2',4151491000397989411);
CREATE TABLE inbox (
        project INTEGER, request_id TEXT, payload TEXT NOT NULL, accepted_at INTEGER NOT NULL,
        PRIMARY KEY (project, request_id)) WITHOUT ROWID;
INSERT INTO "inbox" VALUES(7,'todo-requests/3/18','{"title":"Waits: ✓"}',1777896000123456);
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
PRAGMA user_version = 1;
COMMIT;
