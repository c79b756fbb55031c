------------------------------- MODULE Outbox -------------------------------
(***************************************************************************)
(* One project: inbox, entity `Project`, activity `emit`, log, sweeper.    *)
(* Actions bear the names of the code; README.md says where each of them   *)
(* is, and what the model leaves out.                                      *)
(*                                                                         *)
(* Until CalmDown everything may go wrong (the storm). From then on faults *)
(* no longer happen, but what they left behind is still there.             *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
    Requests,      \* request ids
    Titles,        \* what may be sent under them
    Doors,         \* calls of intake that may be under way at once
    Emitters,      \* copies of the activity that may be under way at once
    OutboxMax,     \* entries that an outbox takes
    FailOversMax,  \* how often the account may fail over to a copy that lacks its last moments
    None

VARIABLES
    inbox,      \* request id -> title, or None: no row
    head,       \* the head row: [last, version]
    todos,      \* id -> [request, title, version]; version: of the head it was written with
    rows,       \* request id -> [id, title], only for those that have a request row
    failOvers,  \* how many there were: makes versions of later appends new ones
    told,       \* what callers were answered: <<"accepted" or "refused", request id, title>>
    door,       \* call of intake -> what it does
    entity,     \* the committed state of the entity: [head, outbox]
    earlier,    \* one that it had before, taken at any moment
    signals,    \* sent to the entity. Storm: each arrives any number of times, in any order
    work,       \* calm only: request ids that running orchestrations want in the log
    emitter,    \* copy of the activity -> what it does
    calm        \* no faults any more

log == <<head, todos, rows, failOvers>>
hub == <<entity, earlier, signals, work>>
vars == <<inbox, log, told, door, hub, emitter, calm>>

-----------------------------------------------------------------------------
(* Values *)

IdsMax == Cardinality(Requests) + 1  \* an id above all ids of the log says no more than this one
Min(a, b) == IF a < b THEN a ELSE b
Max(S) == CHOOSE n \in S : \A m \in S : m <= n

Numbered == [id : 1..IdsMax, request : Requests, title : Titles]
RequestsOf(entries) == {entries[i].request : i \in DOMAIN entries}
EachOnce(entries) == Cardinality(RequestsOf(entries)) = Len(entries)
Only(entries, R) == SelectSeq(entries, LAMBDA each : each.request \in R)
AnyOutbox == {each \in UNION {[1..n -> Numbered] : n \in 0..OutboxMax} : EachOnce(each)}
Logged(R) == [r \in R \cap DOMAIN rows |-> rows[r].id]  \* what a look at the request rows finds

NoHead == [last |-> 0, version |-> 0]
NoTodos == [id \in {} |-> None]
Forgotten == [head |-> 0, outbox |-> <<>>]
Closed == [request |-> None, title |-> None, row |-> None]  \* a row of None: the inbox row may go
Idle == [at |-> "idle", chunk |-> <<>>, head |-> NoHead, found |-> NoTodos]

-----------------------------------------------------------------------------
(* Signals: what the entity is told *)

CreateSignal(r, t) == <<"create", r, t>>
\* With word of how far the log goes: to that id or to a later one (triggers/sweeper.py says its end).
SettleSignals(found) ==
    UNION {{<<"settle", r, h>> : h \in found[r]..head.last} : r \in DOMAIN found}
AllSignals == {CreateSignal(r, t) : r \in Requests, t \in Titles}
    \cup {<<"settle", r, h>> : r \in Requests, h \in 1..Cardinality(Requests)}

\* Announcer.announce: signal `create` and start an orchestration. In the storm copies of the
\* activity run at any time, so what starts them does not matter.
Announce(r, t) ==
    /\ signals' = signals \cup {CreateSignal(r, t)}
    /\ work' = IF calm THEN work \cup {r} ELSE work

-----------------------------------------------------------------------------
(* Intake: triggers/intake.py *)

\* `_insert`: put the inbox row, or see the one that is there.
Insert(d, r, t) ==
    /\ ~calm
    /\ door[d] = Closed
    /\ inbox' = IF inbox[r] = None THEN [inbox EXCEPT ![r] = t] ELSE inbox
    /\ door' = [door EXCEPT ![d] = [request |-> r, title |-> t, row |-> inbox'[r]]]
    /\ UNCHANGED <<log, told, hub, emitter, calm>>

Answer(verdict, d) == told' = told \cup {<<verdict, door[d].request, door[d].title>>}

\* `_attempt`: having inserted, read the request row, last; then answer.
Decide(d) ==
    LET r == door[d].request
    IN  /\ door[d].row # None
        /\ UNCHANGED <<inbox, log, entity, earlier, emitter, calm>>
        /\ IF r \in DOMAIN rows
           THEN /\ Answer(IF rows[r].title = door[d].title THEN "accepted" ELSE "refused", d)
                /\ door' = [door EXCEPT ![d].row = None]
                /\ UNCHANGED <<signals, work>>
           ELSE /\ door' = [door EXCEPT ![d] = Closed]
                /\ IF door[d].row = door[d].title
                   THEN Answer("accepted", d) /\ Announce(r, door[d].title)
                   ELSE Answer("refused", d) /\ UNCHANGED <<signals, work>>

\* `_tidy`: remove the inbox row of a request that was seen in the log.
Tidy(d) ==
    /\ door[d] # Closed
    /\ door[d].row = None
    /\ inbox' = [inbox EXCEPT ![door[d].request] = None]
    /\ door' = [door EXCEPT ![d] = Closed]
    /\ UNCHANGED <<log, told, hub, emitter, calm>>

CrashIntake(d) ==
    /\ ~calm
    /\ door' = [door EXCEPT ![d] = Closed]
    /\ UNCHANGED <<inbox, log, told, hub, emitter, calm>>

Intake(d) == Decide(d) \/ Tidy(d) \/ \E r \in Requests, t \in Titles : Insert(d, r, t)

-----------------------------------------------------------------------------
(* The entity: entities/project.py *)

IsFull(outbox, r, t) == Len(outbox) = OutboxMax

CreateIn(state, r, t) ==
    LET n == Len(state.outbox)
        next == [id |-> Min(state.head + n + 1, IdsMax), request |-> r, title |-> t]
    IN  IF r \in RequestsOf(state.outbox) \/ IsFull(state.outbox, r, t)
        THEN state
        ELSE [state EXCEPT !.outbox = Append(@, next)]

SettleIn(state, h, r) ==
    [state EXCEPT !.head = Max({@, h}), !.outbox = Only(@, Requests \ {r})]

\* A signal that arrived may arrive again, as long as the storm lasts.
Operation(signal, after) ==
    /\ signal \in signals
    /\ entity' = after
    /\ signals' = IF calm THEN signals \ {signal} ELSE signals
    /\ UNCHANGED <<inbox, log, told, door, earlier, work, emitter, calm>>

Create(r, t) == Operation(CreateSignal(r, t), CreateIn(entity, r, t))
Settle(r, h) == Operation(<<"settle", r, h>>, SettleIn(entity, h, r))

Deliver(signal) ==
    \/ \E r \in Requests, t \in Titles : signal = CreateSignal(r, t) /\ Create(r, t)
    \/ \E r \in Requests, h \in 1..Cardinality(Requests) :
        signal = <<"settle", r, h>> /\ Settle(r, h)

Entity == \E signal \in signals : Deliver(signal)

-----------------------------------------------------------------------------
(* The activity: activities/emit.py. `at` is what it does next. *)

Step(e, after) == emitter' = [emitter EXCEPT ![e] = after]

\* What `read_entity_state` may show: old or new while the storm lasts.
Committed == IF calm THEN {entity} ELSE {entity, earlier}

\* What this process may know to be in the log (activities/settlements.py, `_drain`).
Known == SUBSET DOMAIN rows

\* `_drain`: as many entries as a chunk takes, in their order, without those that are known. They
\* need not be the first: a chunk that fails does not hold up the next one.
ReadState(e) ==
    /\ emitter[e].at = "idle"
    /\ calm => work # {}
    /\ \E state \in Committed, known \in IF calm THEN {{}} ELSE Known :
        \E last \in IF calm THEN {Len(state.outbox)} ELSE 1..Len(state.outbox) :
            \E first \in IF calm THEN {1} ELSE 1..last :
                LET chunk == Only(SubSeq(state.outbox, first, last), Requests \ known)
                IN  /\ chunk # <<>>
                    /\ Step(e, [Idle EXCEPT !.at = "head", !.chunk = chunk])
    /\ UNCHANGED <<inbox, log, told, door, hub, calm>>

Doubtful(e, h) == RequestsOf(SelectSeq(emitter[e].chunk, LAMBDA each : each.id <= h.last))

\* `_advance`: the head, after the state.
ReadHead(e) ==
    /\ emitter[e].at = "head"
    /\ Step(e, [emitter[e] EXCEPT !.head = head,
                                  !.at = IF Doubtful(e, head) = {} THEN "append" ELSE "find"])
    /\ UNCHANGED <<inbox, log, told, door, hub, calm>>

\* How it is known that entries at or below the head are in the log: by their request rows.
Found(e, R) == Logged(R)

\* Rows that are asked for together are read one after the other: of those that are written
\* meanwhile any may be missed.
PartOf(R) == IF calm THEN {R} ELSE SUBSET R

FindDoubtful(e) ==
    /\ emitter[e].at = "find"
    /\ \E seen \in PartOf(Doubtful(e, emitter[e].head)) :
        LET found == Found(e, seen)
            fresh == Only(emitter[e].chunk, Requests \ DOMAIN found)
        IN  IF fresh = <<>>
            THEN Step(e, [Idle EXCEPT !.at = "clear", !.found = found])
            ELSE Step(e, [emitter[e] EXCEPT !.at = "append", !.found = found, !.chunk = fresh])
    /\ UNCHANGED <<inbox, log, told, door, hub, calm>>

\* The transaction. Its guards: the head is as it was read (If-Match), no row is there yet.
HeadUnchanged(h) == h = head
TodoRowsFree(ids) == ids \cap DOMAIN todos = {}
RequestRowsFree(R) == R \cap DOMAIN rows = {}
RequestRowsWritten(new) == new @@ rows

Ids(e) == emitter[e].head.last + 1 .. emitter[e].head.last + Len(emitter[e].chunk)

CanCommit(e) ==
    /\ HeadUnchanged(emitter[e].head)
    /\ TodoRowsFree(Ids(e))
    /\ RequestRowsFree(RequestsOf(emitter[e].chunk))

Entry(e, id) == emitter[e].chunk[id - emitter[e].head.last]
Written(e) == [r \in RequestsOf(emitter[e].chunk) |->
    CHOOSE id \in Ids(e) : Entry(e, id).request = r]

Commit(e) ==
    LET new == [id \in Ids(e) |-> [request |-> Entry(e, id).request, title |-> Entry(e, id).title,
                                   version |-> failOvers]]
        newRows == [r \in DOMAIN Written(e) |->
            [id |-> Written(e)[r], title |-> new[Written(e)[r]].title]]
    IN  /\ CanCommit(e)
        /\ todos' = new @@ todos
        /\ rows' = RequestRowsWritten(newRows)
        /\ head' = [last |-> Max(Ids(e)), version |-> failOvers]
        /\ UNCHANGED failOvers

NothingWritten(e) == (CanCommit(e) => ~calm) /\ UNCHANGED log

\* `_append`: confirmed; or not, and then nobody knows whether it happened.
AppendConfirmed(e) == Commit(e) /\ Step(e, [Idle EXCEPT !.at = "clear",
                                                        !.found = Written(e) @@ emitter[e].found])
AppendNotConfirmed(e) ==
    /\ NothingWritten(e) \/ (~calm /\ Commit(e))
    /\ Step(e, [emitter[e] EXCEPT !.at = "look", !.head = NoHead])

AppendChunk(e) ==
    /\ emitter[e].at = "append"
    /\ AppendConfirmed(e) \/ AppendNotConfirmed(e)
    /\ UNCHANGED <<inbox, told, door, hub, calm>>

\* `_append`, after a failure of any kind: look, believe, never undo.
LookAgain(e) ==
    /\ emitter[e].at = "look"
    /\ \E seen \in PartOf(RequestsOf(emitter[e].chunk)) :
        LET found == Logged(seen) @@ emitter[e].found
        IN  Step(e, IF DOMAIN found = {} THEN Idle ELSE [Idle EXCEPT !.at = "clear", !.found = found])
    /\ UNCHANGED <<inbox, log, told, door, hub, calm>>

\* `_clear_up`: a signal, and deletions that are no transaction. Each may fail, or come later.
Without(R) == [r \in Requests |-> IF r \in R THEN None ELSE inbox[r]]

ClearUp(e) ==
    LET found == emitter[e].found
        still(gone) == [r \in DOMAIN found \ gone |-> found[r]]
    IN  /\ emitter[e].at = "clear"
        /\ signals' \in {signals \cup SettleSignals(found)} \cup (IF calm THEN {} ELSE {signals})
        /\ \E gone \in PartOf(DOMAIN found) :
            /\ inbox' = Without(gone)
            /\ Step(e, IF gone = DOMAIN found THEN Idle ELSE [emitter[e] EXCEPT !.found = still(gone)])
        /\ UNCHANGED <<log, told, door, entity, earlier, work, calm>>

Emit(e) ==
    \/ ReadState(e) \/ ReadHead(e) \/ FindDoubtful(e)
    \/ AppendChunk(e) \/ LookAgain(e) \/ ClearUp(e)

CrashEmit(e) ==
    /\ ~calm
    /\ Step(e, Idle)
    /\ UNCHANGED <<inbox, log, told, door, hub, calm>>

-----------------------------------------------------------------------------
(* Who repeats: triggers/sweeper.py and activities/outbox.py *)

\* `_take_up`, for one row that has waited too long. When it is in the log, two calls follow, of
\* which each may fail, and somebody else may have removed the row meanwhile.
Sweep(r) ==
    /\ IF r \in DOMAIN rows
       THEN /\ calm => inbox[r] # None
            /\ inbox' \in {Without({r})} \cup (IF calm THEN {} ELSE {inbox})
            /\ signals' \in {signals \cup SettleSignals(Logged({r}))}
                \cup (IF calm THEN {} ELSE {signals})
            /\ UNCHANGED work
       ELSE /\ inbox[r] # None
            /\ Announce(r, inbox[r])
            /\ UNCHANGED inbox
    /\ UNCHANGED <<log, told, door, entity, earlier, emitter, calm>>

\* The orchestration `outbox` signals again what emit reports as missing, which may be in the log
\* by then.
Resend(r) ==
    /\ calm => r \in work \ DOMAIN rows
    /\ inbox[r] # None
    /\ signals' = signals \cup {CreateSignal(r, inbox[r])}
    /\ UNCHANGED <<inbox, log, told, door, entity, earlier, work, emitter, calm>>

Repeat(r) == Sweep(r) \/ Resend(r)

\* The orchestration ends: its request is in the log, or no longer anybody's.
Finish(r) ==
    /\ r \in work
    /\ r \in DOMAIN rows \/ inbox[r] = None
    /\ work' = work \ {r}
    /\ UNCHANGED <<inbox, log, told, door, entity, earlier, signals, emitter, calm>>

-----------------------------------------------------------------------------
(* What the platform may do *)

Remember == earlier' = entity /\ UNCHANGED entity  \* no event: chooses what RollBack goes back to
RollBack == entity' = earlier /\ UNCHANGED earlier
WipeEntity == entity' = Forgotten /\ UNCHANGED earlier
WipeHub == entity' = Forgotten /\ earlier' = Forgotten /\ signals' = {}

HubTrouble ==
    /\ ~calm
    /\ WipeHub \/ ((Remember \/ RollBack \/ WipeEntity) /\ UNCHANGED signals)
    /\ UNCHANGED <<inbox, log, told, door, work, emitter, calm>>

\* The account fails over to a copy of some earlier moment, which may be another one for the inbox
\* than for the log. Whoever has already read something that may be lost dies with it.
Copied(r) == IF r \in DOMAIN rows THEN rows[r].title ELSE inbox[r]

FailOver ==
    /\ ~calm
    /\ failOvers < FailOversMax
    /\ failOvers' = failOvers + 1
    /\ \E last \in 0..head.last, R \in SUBSET Requests :
        /\ todos' = [id \in 1..last |-> todos[id]]
        /\ rows' = [r \in {each \in DOMAIN rows : rows[each].id <= last} |-> rows[r]]
        /\ head' = IF last = 0 THEN NoHead ELSE [last |-> last, version |-> todos[last].version]
        /\ inbox' = [r \in Requests |-> IF r \in R THEN Copied(r) ELSE None]
    /\ told' = {each \in told : each[1] = "accepted" /\
        (inbox'[each[2]] = each[3] \/ (each[2] \in DOMAIN rows' /\ rows'[each[2]].title = each[3]))}
    /\ door' = [d \in Doors |-> Closed]
    /\ emitter' = [e \in Emitters |-> IF DOMAIN emitter[e].found = {} THEN emitter[e] ELSE Idle]
    /\ UNCHANGED <<hub, calm>>

\* Faults end here. What is under way has got lost, or has not; nobody sends anything new.
CalmDown ==
    /\ ~calm
    /\ calm' = TRUE
    /\ signals' \in SUBSET signals
    /\ work' \in SUBSET Requests
    /\ door' = [d \in Doors |-> Closed]
    /\ UNCHANGED <<inbox, log, told, entity, earlier, emitter>>

-----------------------------------------------------------------------------
(* Behaviours *)

Init ==
    /\ inbox = [r \in Requests |-> None]
    /\ head = NoHead
    /\ todos = NoTodos
    /\ rows = NoTodos
    /\ failOvers = 0
    /\ told = {}
    /\ door = [d \in Doors |-> Closed]
    /\ entity = Forgotten
    /\ earlier = Forgotten
    /\ signals = {}
    /\ work = {}
    /\ emitter = [e \in Emitters |-> Idle]
    /\ calm = FALSE

Hub == Entity \/ HubTrouble

Steps ==
    \/ \E d \in Doors : Intake(d) \/ CrashIntake(d)
    \/ \E e \in Emitters : Emit(e) \/ CrashEmit(e)
    \/ \E r \in Requests : Repeat(r) \/ Finish(r)
    \/ Hub
    \/ FailOver

\* For safety: the storm never ends.
Storm == Init /\ [][Steps]_vars

\* For liveness: at some moment it does. Everybody who can do something does it in the end; nothing
\* is asked of the order, and nothing of faults.
Fairness ==
    /\ \A e \in Emitters : WF_vars(Emit(e))
    /\ \A r \in Requests : WF_vars(Repeat(r)) /\ WF_vars(Finish(r))
    /\ \A signal \in AllSignals : WF_vars(Deliver(signal))

Spec == Init /\ [][Steps \/ CalmDown]_vars /\ Fairness /\ WF_vars(CalmDown)

-----------------------------------------------------------------------------
(* Promises *)

Dense == DOMAIN todos = 1..head.last

OneIdPerRequest == \A a, b \in DOMAIN todos : todos[a].request = todos[b].request => a = b

RequestRowsMatch ==
    /\ DOMAIN rows = {todos[id].request : id \in DOMAIN todos}
    /\ \A r \in DOMAIN rows : todos[rows[r].id].request = r /\ todos[rows[r].id].title = rows[r].title

\* What a caller was promised is in the inbox until it is in the log, with the title it was sent with.
AcceptedIsKept ==
    \A each \in told : each[1] = "accepted" =>
        \/ inbox[each[2]] = each[3]
        \/ each[2] \in DOMAIN rows /\ rows[each[2]].title = each[3]

RefusedIsNotWritten ==
    \A each \in told : each[1] = "refused" =>
        ~(each[2] \in DOMAIN rows /\ rows[each[2]].title = each[3])

\* Callers are shown an id by who has read the request row (Decide, at that moment) or by who clears
\* up; and nothing written ever changes.
ShownIsLogged ==
    \A e \in Emitters : LET found == emitter[e].found IN
        \A r \in DOMAIN found : found[r] \in DOMAIN todos /\ todos[found[r]].request = r

WrittenNeverChanges ==
    [][failOvers' = failOvers =>
        \A id \in DOMAIN todos : id \in DOMAIN todos' /\ todos'[id] = todos[id]]_vars

\* After an account fail-over too, what is left stays, and numbering goes on behind it.
WhatIsLeftStays ==
    [][\A id \in DOMAIN todos \cap DOMAIN todos' : todos'[id] = todos[id]]_<<failOvers>>

AllLogged == \A each \in told : each[1] = "accepted" => each[2] \in DOMAIN rows

\* Once the storm is over, everything accepted gets into the log, and nothing stays in the inbox.
Promised == <>[](calm /\ AllLogged)
Cleared == <>[](calm /\ \A r \in Requests : inbox[r] = None)

EntityIsOneOfAny ==
    {entity.head, earlier.head} \subseteq 0..Cardinality(Requests)
    /\ {entity.outbox, earlier.outbox} \subseteq AnyOutbox

Symmetry == Permutations(Requests) \cup Permutations(Titles)
    \cup Permutations(Doors) \cup Permutations(Emitters)
=============================================================================
