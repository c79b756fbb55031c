------------------------------ MODULE Completion ------------------------------
(***************************************************************************)
(* Liveness of the protocol for one key: emitters step by step, the real   *)
(* entity with a small outbox, signals, hand-over, sweeper.                *)
(*                                                                         *)
(* Nothing goes wrong any more, but what went wrong before is still there: *)
(* the first state is *any* that keeps the promises. Any log, any inbox    *)
(* that misses nothing, any entity and outbox, a stale or false signal on  *)
(* its way, processes that remember things that are not true.              *)
(*                                                                         *)
(* A payload is not needed here: an id stands for its request.             *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
    Requests,
    Waiting,       \* emitters whose callers wait
    Draining,      \* emitters that nobody waits for: activity, sweeper
    OutboxMax,     \* ids that the entity's outbox takes
    ChunkMax,      \* requests in one transaction
    RoundsMax,     \* rounds of a drain; also rounds until an id is overdue
    SignalsMax,    \* signals under way
    ReadOrder,     \* of a round: "entity", "log", "inbox"; or "entity", "both", the two in one step
    LastResort,    \* ids that are overdue go first, whatever the entity lists
    Late,          \* requests that come when all is quiet, one by one, to a waiting emitter
    None

VARIABLES
    inbox,     \* set of ids
    log,       \* sequence of ids
    entity,    \* [head, outbox, finished]; finished stays empty but in a twin
    signals,   \* on their way, oldest first: [ids, done, head]
    handed,    \* an orchestration `outbox` was started and has not run yet
    emitter,
    later      \* requests that are still to come
vars == <<inbox, log, entity, signals, handed, emitter, later>>

Emitters == Waiting \cup Draining
Elements(s) == {s[i] : i \in DOMAIN s}
Orders(S, n) == {s \in UNION {[1..k -> S] : k \in 0..n} :
    \A i, j \in DOMAIN s : s[i] = s[j] => i = j}
SomeOrder(S) == CHOOSE s \in Orders(S, Cardinality(S)) : Elements(s) = S
FirstOf(s, n) == SubSeq(s, 1, IF Len(s) < n THEN Len(s) ELSE n)
Logged == Elements(log)
After(n) == {log[i] : i \in {j \in DOMAIN log : j > n}}

Idle == [
    at      |-> "idle",
    wanted  |-> {},    \* ids that it works for
    sent    |-> {},    \* ids that it has signalled and not seen listed since
    known   |-> {},    \* known to be done; outlives the loop
    cached  |-> None,  \* length of the log after its own last append; outlives the loop
    listed  |-> <<>>,  \* the outbox as read in this round
    heard   |-> 0,     \* the entity's head as read in this round
    words   |-> {},    \* what the log said in this round
    end     |-> 0,     \* the end of the log that this round believes
    read    |-> {},    \* inbox rows read in this round
    rounds  |-> 0]

Step(e, after) == emitter' = [emitter EXCEPT ![e] = after]

-----------------------------------------------------------------------------
(* The entity: `create` drops what is done, raises the head, appends what it does not list yet and
   has room for. *)

Takes(ids, kept) == SomeOrder((ids \ Elements(kept)) \ entity.finished)

Deliver ==
    /\ signals # <<>>
    /\ signals' = Tail(signals)
    /\ LET m == Head(signals)
           kept == SelectSeq(entity.outbox, LAMBDA r : r \notin m.done)
       IN  entity' = [entity EXCEPT
            !.head = IF m.head > @ THEN m.head ELSE @,
            !.outbox = kept \o FirstOf(Takes(m.ids, kept), OutboxMax - Len(kept))]
    /\ UNCHANGED <<inbox, log, handed, emitter, later>>

-----------------------------------------------------------------------------
(* One round of an emitter *)

NextRead(step) ==
    LET i == CHOOSE n \in DOMAIN ReadOrder : ReadOrder[n] = step
    IN  IF i = Len(ReadOrder) THEN "append" ELSE ReadOrder[i + 1]

\* Who waits signals first; who does not reads first, and what is listed needs no signal.
FirstStep(e) == IF e \in Waiting THEN "signal" ELSE ReadOrder[1]

\* A drain that begins takes up the rows that it finds. What its process remembers may be lost.
Sweeps == TRUE
Begin(e) ==
    /\ e \in Draining
    /\ emitter[e].at = "idle"
    /\ inbox # {}
    /\ Sweeps \/ handed
    /\ handed' = FALSE
    /\ \E fresh \in BOOLEAN :
        Step(e, [Idle EXCEPT !.at = FirstStep(e), !.wanted = inbox,
                             !.known = IF fresh THEN {} ELSE emitter[e].known,
                             !.cached = IF fresh THEN None ELSE emitter[e].cached])
    /\ UNCHANGED <<inbox, log, entity, signals, later>>

Told(x) == x.known
HeadTold(x) == IF x.cached = None THEN 0 ELSE x.cached

\* Full, or more than half of it done: said at once, also without ids.
MustTell(x) ==
    LET done == Cardinality(Elements(x.listed) \cap Told(x))
    IN  done > 0 /\ (Len(x.listed) = OutboxMax \/ 2 * done > Len(x.listed))

Signal(e) ==
    LET x == emitter[e]
        ids == (x.wanted \ x.sent) \ Elements(x.listed)
        message == [ids |-> ids, done |-> Told(x), head |-> HeadTold(x)]
        sends == (ids # {} \/ MustTell(x)) /\ Len(signals) < SignalsMax
    IN  /\ x.at = "signal"
        /\ signals' = IF sends /\ message \notin Elements(signals)
                      THEN Append(signals, message) ELSE signals
        /\ Step(e, [x EXCEPT !.at = ReadOrder[1], !.sent = IF sends THEN @ \cup ids ELSE @,
                             !.listed = <<>>])
        /\ UNCHANGED <<inbox, log, entity, handed, later>>

ReadEntity(e) ==
    /\ emitter[e].at = "entity"
    /\ Step(e, [emitter[e] EXCEPT !.listed = entity.outbox, !.heard = entity.head,
                                  !.at = NextRead("entity")])
    /\ UNCHANGED <<inbox, log, entity, signals, handed, later>>

\* With the head cached, nothing. Else what is behind the entity's head, and the head itself.
ReadLog(e) ==
    LET x == emitter[e]
    IN  /\ x.at = "log"
        /\ Step(e, [x EXCEPT !.words = IF x.cached = None THEN After(x.heard) ELSE {},
                             !.end = IF x.cached = None THEN Len(log) ELSE x.cached,
                             !.at = NextRead("log")])
        /\ UNCHANGED <<inbox, log, entity, signals, handed, later>>

ReadInbox(e) ==
    /\ emitter[e].at = "inbox"
    /\ Step(e, [emitter[e] EXCEPT !.read = inbox, !.at = NextRead("inbox")])
    /\ UNCHANGED <<inbox, log, entity, signals, handed, later>>

ReadBoth(e) ==
    LET x == emitter[e]
    IN  /\ x.at = "both"
        /\ Step(e, [x EXCEPT !.words = IF x.cached = None THEN After(x.heard) ELSE {},
                             !.end = IF x.cached = None THEN Len(log) ELSE x.cached,
                             !.read = inbox, !.at = NextRead("both")])
        /\ UNCHANGED <<inbox, log, entity, signals, handed, later>>

\* Payloads: in memory for callers that wait here, or in the inbox.
Content(e) == emitter[e].read \cup (IF e \in Waiting THEN emitter[e].wanted ELSE {})

Overdue(e) == LastResort /\ emitter[e].rounds + 1 >= RoundsMax
Order(e) ==
    LET first == IF Overdue(e) THEN SomeOrder(emitter[e].wanted) ELSE <<>>
    IN  first \o SelectSeq(emitter[e].listed, LAMBDA r : r \notin Elements(first))

\* What waits here or has an inbox row is not known done, whatever was remembered.
KnownDone(x, content) == x.known \ content

\* `D`: what the log said in this round. Rows go and callers wake on that alone.
Conclude(e, D, dropped, after) ==
    /\ inbox' = inbox \ D
    /\ Step(e, [after EXCEPT !.wanted = @ \ D,
                             !.known = KnownDone([known |-> @], Content(e)) \cup D \cup dropped,
                             !.at = "look", !.words = {}, !.end = 0, !.read = {}, !.heard = 0])
    /\ UNCHANGED <<entity, signals, handed, later>>

AppendChunk(e) ==
    LET x == emitter[e]
        skipped == x.words \cup KnownDone(x, Content(e))
        rest == SelectSeq(Order(e), LAMBDA r : r \notin skipped)
        chunk == FirstOf(SelectSeq(rest, LAMBDA r : r \in Content(e)), ChunkMax)
        ids == Elements(chunk)
        dropped == Elements(rest) \ Content(e)
        taken == ids \cap Logged
    IN  /\ x.at = "append"
        /\ IF chunk = <<>>
           THEN log' = log /\ Conclude(e, x.words, dropped, x)
           ELSE IF x.end # Len(log)
           \* 412: the range after the head that it believed in.
           THEN log' = log /\ Conclude(e, x.words \cup After(x.end), dropped, [x EXCEPT !.cached = None])
           ELSE IF taken # {}
           \* 409: the request row that it names.
           THEN log' = log
                /\ Conclude(e, x.words \cup {CHOOSE r \in taken : TRUE}, dropped, [x EXCEPT !.cached = None])
           ELSE log' = log \o chunk
                /\ Conclude(e, x.words \cup ids, dropped, [x EXCEPT !.cached = Len(log')])

\* What was signalled and is not listed may be in the log already: its request row tells.
LooksUp(x) == ((x.wanted \cap x.sent) \ Elements(x.listed)) \cap Logged
Trusted(x) == x.sent \cap Elements(x.listed)

IsOver(e) ==
    LET wanted == emitter[e].wanted \ LooksUp(emitter[e])
    IN  wanted = {} \/ (e \in Draining /\ emitter[e].rounds + 1 = RoundsMax)

RoundsAfter(e) ==
    IF e \in Draining THEN emitter[e].rounds + 1
    ELSE IF LastResort /\ emitter[e].rounds + 1 < RoundsMax THEN emitter[e].rounds + 1
    ELSE emitter[e].rounds

Look(e) ==
    LET x == emitter[e]
        found == LooksUp(x)
    IN  /\ x.at = "look"
        /\ inbox' = inbox \ found
        /\ Step(e, IF IsOver(e)
            THEN [Idle EXCEPT !.known = x.known \cup found, !.cached = x.cached]
            ELSE [x EXCEPT !.wanted = @ \ found, !.known = @ \cup found, !.sent = Trusted(x),
                           !.rounds = RoundsAfter(e), !.at = "signal"])
        /\ UNCHANGED <<log, entity, signals, handed, later>>

Emit(e) ==
    \/ Begin(e) \/ Signal(e) \/ ReadEntity(e) \/ ReadLog(e) \/ ReadInbox(e) \/ ReadBoth(e)
    \/ AppendChunk(e) \/ Look(e)

-----------------------------------------------------------------------------
(* Callers *)

IsQuiet == inbox = {} /\ signals = <<>> /\ \A e \in Emitters : emitter[e].at = "idle"

\* A request comes when all is quiet, to a process that remembers nothing or that remembers all.
Arrive(e) ==
    /\ later # {}
    /\ e \in Waiting
    /\ IsQuiet
    /\ \E fresh \in BOOLEAN : \E r \in later :
        /\ inbox' = {r}
        /\ later' = later \ {r}
        /\ Step(e, [Idle EXCEPT !.at = "signal", !.wanted = {r},
                                !.known = IF fresh THEN {} ELSE emitter[e].known,
                                !.cached = IF fresh THEN None ELSE emitter[e].cached])
    /\ UNCHANGED <<log, entity, signals, handed>>

\* Its callers' time is up: 202, and an orchestration; or the process dies, and nothing more.
GiveUp(e) ==
    /\ e \in Waiting
    /\ emitter[e].at = "signal"
    /\ Step(e, Idle)
    /\ handed' \in {TRUE, handed}
    /\ UNCHANGED <<inbox, log, entity, signals, later>>

-----------------------------------------------------------------------------
(* Behaviours *)

\* Sets of which the first state takes any; configurations make some of them smaller. The head that
\* a stale signal says matters only where it is higher than what the entity has.
Before == Requests \ Late
SomeLogs == Orders(Before, Cardinality(Before))
Finished == {{}}
SomeEntities == [head : 0..Cardinality(Requests), outbox : Orders(Before, OutboxMax),
                 finished : Finished]
SomeSignals == {<<>>} \cup {<<[ids |-> i, done |-> d, head |-> Cardinality(Requests)]>> :
    i \in SUBSET Before, d \in SUBSET Before}
SomeInboxes == {ids \in SUBSET Before : Before \ ids \subseteq Logged}
SomeHandOvers == {FALSE}
Remembered == SUBSET Requests
SomeCached == {None, Len(log)}
SomeSent == {{}, Before}
SomeWanted == SUBSET Before

\* Each emitter: what its process remembers, what its callers wait for, what it has signalled.
AnyEmitter(e) ==
    IF e \in Draining
    THEN {[Idle EXCEPT !.known = k, !.cached = c] : k \in Remembered, c \in SomeCached}
    ELSE {[Idle EXCEPT !.known = k, !.cached = c, !.wanted = w, !.sent = s,
                       !.at = IF w = {} THEN "idle" ELSE "signal"] :
            k \in Remembered, c \in SomeCached, w \in SomeWanted, s \in SomeSent}

Init ==
    /\ later = Late
    /\ log \in SomeLogs
    /\ inbox \in SomeInboxes
    /\ entity \in SomeEntities
    /\ signals \in SomeSignals
    /\ handed \in SomeHandOvers
    /\ emitter \in {f \in [Emitters -> UNION {AnyEmitter(e) : e \in Emitters}] :
                        \A e \in Emitters : f[e] \in AnyEmitter(e)}

Next ==
    \/ Deliver
    \/ \E e \in Emitters : Emit(e) \/ Arrive(e) \/ GiveUp(e)

\* Whoever can take a step takes one in the end. Nobody has to give up.
Fairness ==
    /\ WF_vars(Deliver)
    /\ \A e \in Emitters : WF_vars(Emit(e))
    /\ WF_vars(\E e \in Emitters : Arrive(e))

Spec == Init /\ [][Next]_vars /\ Fairness

-----------------------------------------------------------------------------
(* Promises *)

OnePlacePerRequest == \A i, j \in DOMAIN log : log[i] = log[j] => i = j

AcceptedIsKept == Requests \ later \subseteq Logged \cup inbox

WrittenNeverChanges == [][Len(log') >= Len(log) /\ SubSeq(log', 1, Len(log)) = log]_vars

\* Everything accepted gets into the log, and nothing stays in the inbox.
Promised == <>[](later = {} /\ Requests \subseteq Logged)
Cleared == <>[](inbox = {})

\* Everybody who waits is answered (or has given up).
Woken == <>[](\A e \in Waiting : emitter[e].wanted = {})
=============================================================================
