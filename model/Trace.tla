-------------------------------- MODULE Trace --------------------------------
(***************************************************************************)
(* Is what happened a behaviour of Protocol and of Publishing? trace.py    *)
(* writes a module with the lines of traces (README.md: the format). Each  *)
(* line names an effect or a read at the ports, and what was seen. A trace *)
(* is followed line by line, as far as the rules allow.                    *)
(*                                                                         *)
(* What Protocol leaves open is checked here as well: the real entity, the *)
(* order of a chunk, and when an id may be signalled again.                *)
(***************************************************************************)
EXTENDS Protocol

CONSTANTS
    Recorded,  \* sequence of traces, each a sequence of lines
    Settings,  \* trace by trace: [room, overdue, publishing, made]
    Sizes      \* request id -> characters that it takes in an outbox

\* TLC works out a definition once, but a constant that Trace.cfg replaces each time it is used.
Traces == Recorded
Setting == Settings
Size == Sizes

VARIABLES
    which,     \* the trace that is followed
    step,      \* the line of it that comes next
    entity,    \* [head, outbox], as committed last
    earlier,   \* all that it was before
    sent,      \* signals, by number: [ids, done, head]
    heads,     \* process -> heads that it has held
    marked,    \* process -> heads that it held when it last set the marker
    orders,    \* <<process, by>> -> the outbox that it read last
    unlooked,  \* <<process, by, id>>: signalled, and not looked up or asked for since
    since,     \* id -> when it was accepted first, as its inbox row said, ms
    marker, marks, cursor, events, publishing, crashes  \* of Publishing

P == INSTANCE Publishing WITH
    Appending <- {}, Following <- {}, MarksMax <- 1000000, VersionsMax <- 1000000, CrashesMax <- 0,
    sent <- events, knows <- publishing

mine == <<which, step>>
host == <<entity, earlier, sent, orders, unlooked, since>>
output == <<marker, marks, cursor, events, publishing, crashes>>
held == <<heads, marked>>
all == <<vars, mine, host, output, held>>

Line == Traces[which][step]
Has(name) == name \in DOMAIN Line
Me == Line.process
By == <<Line.process, Line.by>>
Published == Setting[which].publishing
IsMadeHere(r) == r \in Setting[which].made

-----------------------------------------------------------------------------
(* Inbox and request rows *)

\* As Refuse. What lets no second row go (DoRemove) is known to be in the log all the same.
RefuseLogged(r, t) ==
    /\ r \in knows[Me].done \cap DOMAIN rows
    /\ rows[r].payload # t
    /\ Tell("refused", r, t)
    /\ UNCHANGED <<log, inbox, knows, announced, late, failOvers>>

\* Somebody may have seen the first row of an id that was put again.
Since(r) == since' = since @@ (r :> Line.accepted)

\* Somebody asks for an id anew: it is accepted, or its inbox row is found.
AsksFor(r) == unlooked' = {each \in unlooked : each[1] # Me \/ each[3] # r}

DoInbox ==
    /\ \/ /\ Line.action = "Put"
          /\ Put(Me, Line.request, Line.payload)
          /\ Since(Line.request)
          /\ UNCHANGED unlooked
       \/ /\ \/ Line.action = "Accept" /\ Accept(Me, Line.request, Line.payload)
             \/ /\ Line.action = "ReadInboxRow"
                /\ Line.found # None
                /\ inbox[Line.request] = Line.found
                /\ ReadInboxRow(Me, Line.request)
          /\ AsksFor(Line.request)
          /\ UNCHANGED since
       \/ /\ \/ Line.action = "PutExists" /\ PutExists(Me, Line.request, Line.payload)
             \/ Line.action = "PutUnknown" /\ PutUnknown(Me, Line.request, Line.payload)
             \/ /\ Line.action = "ReadInboxRow"
                /\ Line.found = None
                /\ inbox[Line.request] = None
                /\ ReadInboxRow(Me, Line.request)
             \/ Line.action = "RemoveUnknown" /\ RemoveUnknown(Me, Line.request)
             \/ Line.action = "LandRemoval" /\ LandRemoval(Line.request)
             \/ /\ Line.action = "Refuse"
                /\ Refuse(Me, Line.request, Line.payload) \/ RefuseLogged(Line.request, Line.payload)
          /\ UNCHANGED <<since, unlooked>>
       \/ /\ Line.action = "LandPut"
          /\ LandPut(Line.request, Line.payload)
          /\ Since(Line.request)
          /\ UNCHANGED unlooked
    /\ UNCHANGED <<entity, earlier, sent, orders, output, held>>

\* One word of the log lets one row go: a row that comes back needs another.
DoRemove ==
    /\ Line.action = "Remove"
    /\ Line.request \in MayRemove(Me)
    /\ inbox[Line.request] # None
    /\ inbox' = [inbox EXCEPT ![Line.request] = None]
    /\ Learn(Me, [knows[Me] EXCEPT !.words = @ \ {Line.request}])
    /\ UNCHANGED <<log, announced, told, late, failOvers, host, output, held>>

DoLook ==
    /\ Line.action = "ReadRequestRow"
    /\ Line.found = (IF Line.request \in DOMAIN rows THEN rows[Line.request].place ELSE 0)
    /\ ReadRequestRow(Me, Line.request)
    /\ unlooked' = {each \in unlooked : each[1] # Me \/ each[3] # Line.request}
    /\ UNCHANGED <<entity, earlier, sent, orders, since, output, held>>

\* Who waited, or asked again, is told a place that the process has seen in the log.
DoAnswer ==
    /\ Line.action = "Answer"
    /\ Line.request \in knows[Me].done
    /\ IsLogged(Line.request, Line.payload)
    /\ rows[Line.request].place = Line.place
    /\ Tell("created", Line.request, Line.payload)
    /\ Learn(Me, [knows[Me] EXCEPT !.memory = @ \ {<<Line.request, Line.payload>>}])
    /\ UNCHANGED <<log, inbox, announced, late, failOvers, host, output, held>>

-----------------------------------------------------------------------------
(* The log *)

Hold(h) == heads' = [heads EXCEPT ![Me] = @ \cup {h}]
Shared(h) == publishing' = [publishing EXCEPT ![Me].head = h]

DoRead ==
    /\ Line.action = "ReadRange"
    /\ \A i \in DOMAIN Line.rows :
        /\ Line.rows[i][1] \in DOMAIN entries
        /\ entries[Line.rows[i][1]].request = Line.rows[i][2]
    /\ IF Has("head")
       THEN /\ Line.head = head
            /\ ReadRange(Me, {Line.rows[i][2] : i \in DOMAIN Line.rows})
            /\ Hold(head) /\ Shared(head)
       ELSE /\ Learn(Me, LearnLogged(knows[Me], {Line.rows[i][2] : i \in DOMAIN Line.rows}))
            /\ UNCHANGED <<log, inbox, announced, told, late, failOvers, heads, publishing>>
    /\ UNCHANGED <<host, marked, marker, marks, cursor, events, crashes>>

\* A process holds several heads: the line says which one guards the write.
DoHold ==
    /\ Line.action = "Hold"
    /\ Line.head \in heads[Me]
    /\ Learn(Me, [knows[Me] EXCEPT !.head = Line.head])
    /\ Shared(Line.head)
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers, host, held,
                   marker, marks, cursor, events, crashes>>

HasContent(r) == \E pair \in Content(Me) : pair[1] = r
Excused(r) == r \in DOMAIN rows \/ r \in knows[Me].done \/ ~HasContent(r)

\* First ids that have been overdue, then those that the entity listed, in its order and from its
\* beginning: what is left out before the last of them is done, or has no payload here.
OrderAllows(chunk) ==
    LET order == IF By \in DOMAIN orders THEN orders[By] ELSE <<>>
        ids(a, b) == {chunk[j].request : j \in a..b}
        listed(r) == {n \in DOMAIN order : order[n] = r}
        at(r) == CHOOSE n \in listed(r) : TRUE
    IN  \E i \in 0..Len(chunk) :
        /\ \A r \in ids(1, i) :
            r \in DOMAIN since /\ Line.at - since[r] >= Setting[which].overdue
        /\ \A r \in ids(i + 1, Len(chunk)) : listed(r) # {}
        /\ \A j, k \in i + 1..Len(chunk) : j < k => at(chunk[j].request) < at(chunk[k].request)
        /\ i < Len(chunk) =>
            \A n \in 1..at(chunk[Len(chunk)].request) :
                order[n] \in Ids(chunk) \/ Excused(order[n])

\* `= TRUE`: as a part of an action, TLC would take a step for each way in which it is true, and of
\* a long chunk there are very many.
ChunkAllowed ==
    /\ Cardinality(Ids(Line.chunk)) = Len(Line.chunk)
    /\ \A i \in DOMAIN Line.chunk : <<Line.chunk[i].request, Line.chunk[i].payload>> \in Content(Me)
    /\ OrderAllows(Line.chunk) = TRUE
    /\ Published => knows[Me].head \in marked[Me]

DoAppend ==
    /\ \/ /\ Line.action = "Append"
          /\ ChunkAllowed
          /\ Append1(Me, Line.chunk)
          /\ Hold(head') /\ Shared(head')
       \/ /\ Line.action = "AppendRefused"
          /\ ChunkAllowed
          /\ AppendRefused(Me, Line.chunk)
          /\ UNCHANGED <<heads, publishing>>
       \/ /\ Line.action = "AppendUnknown"
          /\ ChunkAllowed
          /\ AppendUnknown(Me, Line.chunk) \/ AppendRefused(Me, Line.chunk)
          /\ UNCHANGED <<heads, publishing>>
       \/ /\ Line.action = "LandAppend"
          /\ LandAppend([head |-> Line.head, chunk |-> Line.chunk])
          /\ UNCHANGED <<heads, publishing>>
    /\ UNCHANGED <<host, marked, marker, marks, cursor, events, crashes>>

-----------------------------------------------------------------------------
(* The entity *)

Characters(outbox) ==
    LET sum[n \in 0..Len(outbox)] == IF n = 0 THEN 0 ELSE sum[n - 1] + Size[outbox[n]]
    IN  sum[Len(outbox)]

\* TLC works out an argument each time that it is used, and so does a recursive definition with each
\* of its own: exponentially often. What is drawn from a set is worked out once.
Only(S) == CHOOSE x \in S : TRUE

AddIn(outbox, r) ==
    LET fits == Characters(outbox) + Size[r] <= Setting[which].room
        known == \E i \in DOMAIN outbox : outbox[i] = r
    IN  IF fits /\ ~known THEN Append(outbox, r) ELSE outbox

RECURSIVE Take(_, _)
Take(outbox, ids) ==
    IF ids = <<>> THEN outbox
    ELSE Only({Take(next[1], next[2]) : next \in {<<AddIn(outbox, Head(ids)), Tail(ids)>>}})

CreateIn(state, m) ==
    [head |-> IF m.head > state.head THEN m.head ELSE state.head,
     outbox |-> Take(SelectSeq(state.outbox, LAMBDA r : \A i \in DOMAIN m.done : m.done[i] # r), m.ids)]

RECURSIVE Fold(_, _)
Fold(state, numbers) ==
    IF numbers = <<>> THEN state
    ELSE Only({Fold(next[1], next[2]) : next \in
                {<<CreateIn(state, sent[Head(numbers)]), Tail(numbers)>>}})

NewEntity == [head |-> 0, outbox |-> <<>>]
Become(state) == entity' = state /\ earlier' = earlier \cup {state}

DoEntity ==
    /\ \/ /\ Line.action = "EntityCommitted"
          /\ \A i \in DOMAIN Line.signals : Line.signals[i] \in DOMAIN sent
          /\ Fold(entity, Line.signals) = Line.entity
          /\ Become(Line.entity)
       \/ Line.action = "EntityLost" /\ Become(NewEntity)
       \/ Line.action = "EntityRolledBack" /\ Line.entity \in earlier /\ Become(Line.entity)
    /\ UNCHANGED <<vars, sent, orders, unlooked, since, output, held>>

\* As committed last; with "stale" any earlier one, with "dirty" anything about announced ids.
MayShow ==
    CASE Line.reading = "committed" -> Line.entity = entity
      [] Line.reading = "stale" -> Line.entity \in earlier
      [] OTHER -> \A i \in DOMAIN Line.entity.outbox : Line.entity.outbox[i] \in announced

DoReadEntity ==
    /\ Line.action = "ReadEntity"
    /\ MayShow
    /\ Learn(Me, LearnListed(knows[Me],
        knows[Me].listed \cup {Line.entity.outbox[i] : i \in DOMAIN Line.entity.outbox}))
    /\ orders' = (By :> Line.entity.outbox) @@ orders
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers, entity, earlier, sent, unlooked,
                   since, output, held>>

\* Only ids that this process accepted or read; nothing is signalled again before its request row
\* was looked for; what is told as done is known to be.
DoSignal ==
    LET ids == {Line.ids[i] : i \in DOMAIN Line.ids}
        done == {Line.done[i] : i \in DOMAIN Line.done}
        gone == {r \in knows[Me].absent : \A t \in Payloads : <<r, t>> \notin knows[Me].memory}
    IN  /\ Line.action = "Signal"
        /\ Line.n \notin DOMAIN sent
        /\ \A r \in ids : HasContent(r) = TRUE /\ <<Me, Line.by, r>> \notin unlooked
        /\ done \subseteq knows[Me].done \cup gone
        /\ Line.head <= Max({0} \cup {h.last : h \in heads[Me]})
        /\ sent' = (Line.n :> [ids |-> Line.ids, done |-> Line.done, head |-> Line.head]) @@ sent
        /\ unlooked' = unlooked \cup {<<Me, Line.by, r>> : r \in ids}
        /\ announced' = announced \cup ids
        /\ Learn(Me, [knows[Me] EXCEPT !.done = @ \cup done])
        /\ UNCHANGED <<log, inbox, told, late, failOvers, entity, earlier, orders, since, output, held>>

-----------------------------------------------------------------------------
(* Publishing *)

DoPublish ==
    /\ \/ /\ Line.action = "Mark"
          /\ marked' = [marked EXCEPT ![Me] = heads[Me]]
          /\ marker' = marks + 1
          /\ marks' = marks + 1
          /\ UNCHANGED <<heads, cursor, events, publishing, crashes, log, failOvers, knows>>
       \/ /\ \/ Line.action = "ReadMarker" /\ P!ReadMarker(Me)
             \/ /\ Line.action = "ReadCursor"
                /\ Line.last = cursor.last
                /\ P!ReadCursor(Me)
             \/ /\ Line.action = "Send"
                /\ publishing[Me].upTo + 1 = Line.place
                /\ P!Send(Me)
                /\ entries[Line.place].request = Line.request
             \/ /\ Line.action = "SendUnknown"
                /\ publishing[Me].cursor # None
                /\ Line.place \in DOMAIN entries
                /\ entries[Line.place].request = Line.request
                /\ UNCHANGED <<log, failOvers, output>>
             \/ Line.action = "MoveCursor" /\ P!MoveCursor(Me) /\ cursor'.last = Line.last
             \/ Line.action = "Unmark" /\ P!Unmark(Me)
          /\ UNCHANGED <<held, knows>>
    /\ UNCHANGED <<inbox, announced, told, late, host>>

DoFence ==
    /\ \/ /\ Line.action = "Fence"
          /\ P!FenceHead(Me)
          /\ Fence(knows[Me].head)
          /\ Learn(Me, [knows[Me] EXCEPT !.head = head'])
          /\ lateAppends' = {}
          /\ Hold(head')
       \/ /\ Line.action = "FenceRefused"
          /\ knows[Me].head # head
          /\ UNCHANGED <<log, knows, lateAppends, heads, failOvers, output>>
    /\ UNCHANGED <<inbox, announced, told, latePuts, lateRemovals, lateFences, host, marked>>

-----------------------------------------------------------------------------
(* A trace *)

DoDie ==
    /\ Line.action = "Die"
    /\ Learn(Me, Ignorant)
    /\ publishing' = [publishing EXCEPT ![Me] = P!Ignorant]
    /\ heads' = [heads EXCEPT ![Me] = {}]
    /\ marked' = [marked EXCEPT ![Me] = {}]
    /\ unlooked' = {each \in unlooked : each[1] # Me}
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers, entity, earlier, sent, orders, since,
                   marker, marks, cursor, events, crashes>>

Do ==
    \/ DoInbox \/ DoRemove \/ DoLook \/ DoAnswer \/ DoRead \/ DoHold \/ DoAppend
    \/ DoEntity \/ DoReadEntity \/ DoSignal \/ DoPublish \/ DoFence \/ DoDie

Follow ==
    /\ step <= Len(Traces[which])
    /\ Do
    /\ step' = step + 1
    /\ UNCHANGED which
    /\ PrintT(<<"followed", which, step>>)

Begin ==
    /\ Init
    /\ which \in DOMAIN Traces
    /\ step = 1
    /\ entity = NewEntity
    /\ earlier = {NewEntity}
    /\ sent = Nothing
    /\ heads = [p \in Processes |-> {}]
    /\ marked = [p \in Processes |-> {}]
    /\ orders = Nothing
    /\ unlooked = {}
    /\ since = Nothing
    /\ marker = None
    /\ marks = 0
    /\ cursor = P!NoCursor
    /\ events = {}
    /\ publishing = [p \in Processes |-> P!Ignorant]
    /\ crashes = 0

Behaviour == Begin /\ [][Follow]_all

MarkedOrPublished == Published => P!UnpublishedHasMarker
CursorFollows == Published => P!CursorFollows

NoBound == 1000000
=============================================================================
