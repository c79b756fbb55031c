--------------------------------- MODULE Log ---------------------------------
(***************************************************************************)
(* The log of one key, as table `todos` keeps it: a head row, one row per  *)
(* place and one per request id. Protocol and Publishing extend it.        *)
(*                                                                         *)
(* Guards are definitions of their own, so that a configuration of twins/  *)
(* can leave one out.                                                      *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
    Requests,  \* request ids
    Payloads,  \* what may be sent under them
    None

VARIABLES
    head,      \* the head row: [last, version]
    entries,   \* place -> [request, payload, version]; version: of the head written with it
    rows,      \* request id -> [place, payload]: the request rows
    versions   \* how many versions of the head there were; each is new

log == <<head, entries, rows, versions>>

NoHead == [last |-> 0, version |-> 0]
Nothing == [x \in {} |-> None]
Max(S) == CHOOSE n \in S : \A m \in S : m <= n
Min(S) == CHOOSE n \in S : \A m \in S : m >= n

InitLog ==
    /\ head = NoHead
    /\ entries = Nothing
    /\ rows = Nothing
    /\ versions = 0

-----------------------------------------------------------------------------
(* The transaction: a chunk of [request, payload] behind the head `h` that was read or remembered *)

Ids(chunk) == {chunk[i].request : i \in DOMAIN chunk}

\* If-Match on the head row; rows of places and of requests are inserted, never replaced.
HeadUnchanged(h) == h = head
PlacesFree(places) == places \cap DOMAIN entries = {}
RequestRowsFree(ids) == ids \cap DOMAIN rows = {}
RequestRowsWritten(new) == new @@ rows

Places(h, chunk) == h.last + 1 .. h.last + Len(chunk)

CanCommit(h, chunk) ==
    /\ HeadUnchanged(h)
    /\ PlacesFree(Places(h, chunk))
    /\ RequestRowsFree(Ids(chunk))

HeadAfter(h, chunk) == [last |-> h.last + Len(chunk), version |-> versions + 1]

Commit(h, chunk) ==
    LET new == [place \in Places(h, chunk) |->
            [request |-> chunk[place - h.last].request, payload |-> chunk[place - h.last].payload,
             version |-> versions + 1]]
        newRows == [r \in Ids(chunk) |->
            LET place == CHOOSE n \in Places(h, chunk) : new[n].request = r
            IN  [place |-> place, payload |-> new[place].payload]]
    IN  /\ CanCommit(h, chunk)
        /\ entries' = new @@ entries
        /\ rows' = RequestRowsWritten(newRows)
        /\ head' = HeadAfter(h, chunk)
        /\ versions' = versions + 1

-----------------------------------------------------------------------------
(* The fence: the head as it was read, under a new version. Used by publishing. *)

FenceGuard(h) == h = head

Fence(h) ==
    /\ h.last > 0
    /\ FenceGuard(h)
    /\ head' = [last |-> h.last, version |-> versions + 1]
    /\ versions' = versions + 1
    /\ UNCHANGED <<entries, rows>>

-----------------------------------------------------------------------------
(* The account fails over to a copy that lacks the last transactions. The head comes back with the
   version that it had then, so whoever remembers that version may go on with it. *)

Ends == {0, head.last} \cup {place \in DOMAIN entries :
    place + 1 \in DOMAIN entries /\ entries[place].version # entries[place + 1].version}

CutTo(last) ==
    /\ entries' = [place \in {n \in DOMAIN entries : n <= last} |-> entries[place]]
    /\ rows' = [r \in {each \in DOMAIN rows : rows[each].place <= last} |-> rows[r]]
    /\ head' = CASE last = head.last -> head
                 [] last = 0 -> NoHead
                 [] OTHER -> [last |-> last, version |-> entries[last].version]
    /\ UNCHANGED versions

-----------------------------------------------------------------------------
(* Promises about the log alone *)

Dense == DOMAIN entries = 1..head.last

OnePlacePerRequest ==
    \A a, b \in DOMAIN entries : entries[a].request = entries[b].request => a = b

RequestRowsMatch ==
    /\ DOMAIN rows = {entries[place].request : place \in DOMAIN entries}
    /\ \A r \in DOMAIN rows :
        /\ entries[rows[r].place].request = r
        /\ entries[rows[r].place].payload = rows[r].payload

IsLogged(r, t) == r \in DOMAIN rows /\ rows[r].payload = t
=============================================================================
