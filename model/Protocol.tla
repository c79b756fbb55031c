------------------------------- MODULE Protocol -------------------------------
(***************************************************************************)
(* Safety of the protocol for one key: inbox, intake, emitters, log.       *)
(*                                                                         *)
(* It is written as rules, not as a program. A process does anything at    *)
(* any time that its knowledge permits; reading gives knowledge, writing   *)
(* asks for it. So the model covers every order of reads and writes that   *)
(* keeps the rules, any number of loops per process, and every emitter:    *)
(* of a waiting caller, of the activity, of the sweeper.                   *)
(*                                                                         *)
(* The entity says anything at all about ids that were announced to it.    *)
(* What it says decides nothing here but which ids may be dropped: a chunk *)
(* is any sequence of ids whose payload the process knows. That is also    *)
(* the order of last resort.                                               *)
(*                                                                         *)
(* The real entity, and what must happen in the end: Completion.tla.       *)
(***************************************************************************)
EXTENDS Log

CONSTANTS
    Processes,
    Made,          \* request ids that the service made up: nobody else can send them
    ChunkMax,      \* requests in one transaction
    Late,          \* kinds of writes that may land after their sender gave up: "put", ...
    FailOversMax   \* how often the account may fail over

VARIABLES
    inbox,         \* request id -> payload, or None: no row
    knows,         \* process -> what it knows, see Ignorant
    announced,     \* ids that were signalled to the entity
    told,          \* what callers were answered: <<verdict, request id, payload>>
    latePuts,      \* writes whose sender does not know their outcome: each lands later, or never
    lateAppends,
    lateRemovals,
    lateFences,
    failOvers

late == <<latePuts, lateAppends, lateRemovals, lateFences>>
vars == <<log, inbox, knows, announced, told, late, failOvers>>

Ignorant == [
    rows   |-> {},    \* <<request id, payload>>: inbox rows that it has seen
    free   |-> {},    \* of those, the ones whose request row was looked for later and was not there
    memory |-> {},    \* <<request id, payload>>: accepted here; the caller waits
    head   |-> None,  \* the head as last read or written here: the cached head
    words  |-> {},    \* ids that the log has named to it: own append, range read, request row
    done   |-> {},    \* ids known to be done, for telling the entity
    listed |-> {},    \* ids that the entity listed when it was last read
    absent |-> {}]    \* of those, the ones without an inbox row in a read that began later

IsMade(r) == r \in Made
Learn(p, knowledge) == knows' = [knows EXCEPT ![p] = knowledge]
Pair(r, t) == [request |-> r, payload |-> t]

-----------------------------------------------------------------------------
(* Reads *)

LearnRow(k, r, t) == [k EXCEPT !.rows = @ \cup {<<r, t>>}]
LearnAbsent(k, r) == [k EXCEPT !.absent = @ \cup ({r} \cap k.listed)]
LearnLogged(k, R) == [k EXCEPT !.words = @ \cup R, !.done = @ \cup R]
LearnNotLogged(k, r) == [k EXCEPT !.free = @ \cup {pair \in k.rows : pair[1] = r}]

\* Several rows that are read together are as many steps: each is as of its own moment.
ReadInboxRow(p, r) ==
    /\ Learn(p, IF inbox[r] # None THEN LearnRow(knows[p], r, inbox[r]) ELSE LearnAbsent(knows[p], r))
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

ReadRequestRow(p, r) ==
    /\ Learn(p, IF r \in DOMAIN rows THEN LearnLogged(knows[p], {r}) ELSE LearnNotLogged(knows[p], r))
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

\* A range of the log with the head row at its end. To know more permits more, so the longest range
\* stands for all.
ReadRange(p, ids) ==
    /\ ids \subseteq {entries[place].request : place \in DOMAIN entries}
    /\ Learn(p, [LearnLogged(knows[p], ids) EXCEPT !.head = head])
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

ReadWholeLog(p) == ReadRange(p, {entries[place].request : place \in DOMAIN entries})

\* Whatever was announced may be listed; absence counts from here on.
LearnListed(k, ids) == [k EXCEPT !.listed = ids]
ReadEntity(p) ==
    /\ Learn(p, LearnListed(knows[p], announced))
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

-----------------------------------------------------------------------------
(* Intake *)

Put(p, r, t) ==
    /\ inbox[r] = None
    /\ inbox' = [inbox EXCEPT ![r] = t]
    /\ Learn(p, LearnRow(knows[p], r, t))
    /\ UNCHANGED <<log, announced, told, late, failOvers>>

\* There is a row: it teaches nothing but that, and ReadInboxRow follows.
AfterPutExists(k, r, t) == k
PutExists(p, r, t) ==
    /\ inbox[r] # None
    /\ Learn(p, AfterPutExists(knows[p], r, t))
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

AfterUnknownPut(k, r, t) == k
PutUnknown(p, r, t) ==
    /\ "put" \in Late
    /\ IsMade(r) => ~\E u \in Payloads : <<r, u>> \in latePuts
    /\ latePuts' = latePuts \cup {<<r, t>>}
    /\ Learn(p, AfterUnknownPut(knows[p], r, t))
    /\ UNCHANGED <<log, inbox, announced, told, lateAppends, lateRemovals, lateFences, failOvers>>

Tell(verdict, r, t) == told' = told \cup {<<verdict, r, t>>}

\* An inbox row with this payload was seen, and *after* that no request row.
MayAccept(p) == (knows[p].free \cap knows[p].rows)
    \cup {pair \in knows[p].rows : IsMade(pair[1])}

Accept(p, r, t) ==
    /\ <<r, t>> \in MayAccept(p)
    /\ Tell("accepted", r, t)
    /\ announced' = announced \cup {r}
    /\ Learn(p, [knows[p] EXCEPT !.memory = @ \cup {<<r, t>>}])
    /\ UNCHANGED <<log, inbox, late, failOvers>>

\* Another payload is in the inbox (and not in the log), or in the log.
Refuse(p, r, t) ==
    /\ \/ \E u \in Payloads \ {t} : <<r, u>> \in MayAccept(p)
       \/ r \in knows[p].words \cap DOMAIN rows /\ rows[r].payload # t
    /\ Tell("refused", r, t)
    /\ UNCHANGED <<log, inbox, knows, announced, late, failOvers>>

\* A repeat of what is in the log.
Replay(p, r, t) ==
    /\ r \in knows[p].words
    /\ IsLogged(r, t)
    /\ Tell("created", r, t)
    /\ UNCHANGED <<log, inbox, knows, announced, late, failOvers>>

-----------------------------------------------------------------------------
(* Emitter *)

\* Payloads come from memory, which holds what is accepted, or from the inbox.
Content(p) == knows[p].memory \cup knows[p].rows

Chunks(p) ==
    LET pairs == {Pair(each[1], each[2]) : each \in Content(p)}
    IN  {chunk \in UNION {[1..n -> pairs] : n \in 1..ChunkMax} :
            Cardinality(Ids(chunk)) = Len(chunk)}

HeadAfterAppend(h) == h

Append1(p, chunk) ==
    LET h == knows[p].head
    IN  /\ h # None
        /\ Commit(h, chunk)
        /\ Learn(p, [LearnLogged(knows[p], Ids(chunk)) EXCEPT
                        !.head = HeadAfterAppend(HeadAfter(h, chunk))])
        /\ lateAppends' = {}
        /\ UNCHANGED <<inbox, announced, told, latePuts, lateRemovals, lateFences, failOvers>>

\* 412 or 409: nothing was written. What a process then forgets only lets it do less.
AppendRefused(p, chunk) ==
    /\ knows[p].head # None
    /\ ~CanCommit(knows[p].head, chunk)
    /\ UNCHANGED vars

\* It lands now, later or never; the sender does not know.
AfterUnknownAppend(k, chunk) == k
AppendUnknown(p, chunk) ==
    /\ "append" \in Late
    /\ knows[p].head # None
    /\ CanCommit(knows[p].head, chunk)
    /\ lateAppends' = lateAppends \cup {[head |-> knows[p].head, chunk |-> chunk]}
    /\ Learn(p, AfterUnknownAppend(knows[p], chunk))
    /\ UNCHANGED <<log, inbox, announced, told, latePuts, lateRemovals, lateFences, failOvers>>

\* On the word of the log in this round, never on what is remembered as done.
MayRemove(p) == knows[p].words
MayAnswer(p) == knows[p].words

Remove(p, r) ==
    /\ r \in MayRemove(p)
    /\ inbox[r] # None
    /\ inbox' = [inbox EXCEPT ![r] = None]
    /\ UNCHANGED <<log, knows, announced, told, late, failOvers>>

RemoveUnknown(p, r) ==
    /\ "removal" \in Late
    /\ r \in MayRemove(p)
    /\ lateRemovals' = lateRemovals \cup {r}
    /\ UNCHANGED <<log, inbox, knows, announced, told, latePuts, lateAppends, lateFences, failOvers>>

\* A caller that waits is told its place.
Answer(p, r, t) ==
    /\ <<r, t>> \in knows[p].memory
    /\ r \in MayAnswer(p)
    /\ Tell("created", r, t)
    /\ Learn(p, [knows[p] EXCEPT !.memory = @ \ {<<r, t>>}])
    /\ UNCHANGED <<log, inbox, announced, late, failOvers>>

\* Listed, no payload in memory, and no inbox row in a read that began after the entity was read:
\* told to the entity as done, never numbered.
Drop(p, r) ==
    /\ r \in knows[p].absent
    /\ \A t \in Payloads : <<r, t>> \notin knows[p].memory
    /\ Learn(p, [knows[p] EXCEPT !.done = @ \cup {r}])
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

\* Publishing in the same process: its fence updates the cached head, if that is still the one that
\* it was made for.
HeadAfterFence(cached, fenced, made) == IF cached = fenced THEN made ELSE cached

FenceHead(p) ==
    LET h == knows[p].head
    IN  /\ h # None
        /\ Fence(h)
        /\ Learn(p, [knows[p] EXCEPT !.head = HeadAfterFence(@, h, head')])
        /\ lateAppends' = {}
        /\ UNCHANGED <<inbox, announced, told, latePuts, lateRemovals, lateFences, failOvers>>

FenceUnknown(p) ==
    /\ "fence" \in Late
    /\ knows[p].head # None
    /\ knows[p].head = head
    /\ lateFences' = lateFences \cup {head}
    /\ UNCHANGED <<log, inbox, knows, announced, told, latePuts, lateAppends, lateRemovals, failOvers>>

-----------------------------------------------------------------------------
(* What goes wrong *)

\* Calls under way go with the process; so does its memory.
Crash(p) ==
    /\ knows[p] # Ignorant
    /\ Learn(p, Ignorant)
    /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>

LandPut(r, t) ==
    /\ <<r, t>> \in latePuts
    /\ latePuts' = latePuts \ {<<r, t>>}
    /\ inbox' = IF inbox[r] = None THEN [inbox EXCEPT ![r] = t] ELSE inbox
    /\ UNCHANGED <<log, knows, announced, told, lateAppends, lateRemovals, lateFences, failOvers>>

LandAppend(each) ==
    /\ each \in lateAppends
    /\ Commit(each.head, each.chunk)
    /\ lateAppends' = {}
    /\ UNCHANGED <<inbox, knows, announced, told, latePuts, lateRemovals, lateFences, failOvers>>

LandRemoval(r) ==
    /\ r \in lateRemovals
    /\ lateRemovals' = lateRemovals \ {r}
    /\ inbox' = [inbox EXCEPT ![r] = None]
    /\ UNCHANGED <<log, knows, announced, told, latePuts, lateAppends, lateFences, failOvers>>

LandFence(h) ==
    /\ h \in lateFences
    /\ lateFences' = lateFences \ {h}
    /\ Fence(h)
    /\ lateAppends' = {}
    /\ UNCHANGED <<inbox, knows, announced, told, latePuts, lateRemovals, failOvers>>

\* The copy may be of another moment for the inbox than for the log: rows are lost, or come back.
\* Calls under way die with the old account (each ends within seconds, a fail-over takes minutes);
\* processes live on, with what they remember.
AfterFailOver(k) == [Ignorant EXCEPT !.memory = k.memory, !.head = k.head, !.done = k.done]

Copied(r) == {inbox[r], None} \cup {t \in Payloads : <<"accepted", r, t>> \in told}

FailOver ==
    /\ failOvers < FailOversMax
    /\ failOvers' = failOvers + 1
    /\ \E last \in Ends : CutTo(last)
    /\ inbox' \in {copy \in [Requests -> Payloads \cup {None}] :
                    \A r \in Requests : copy[r] \in Copied(r)}
    \* What was lost is no longer held against anybody.
    /\ told' = {each \in told :
        LET kept == each[2] \in DOMAIN rows' /\ rows'[each[2]].payload = each[3]
        IN  \/ each[1] = "created" /\ kept
            \/ each[1] = "accepted" /\ (kept \/ inbox'[each[2]] = each[3])}
    /\ knows' = [p \in Processes |-> AfterFailOver(knows[p])]
    /\ latePuts' = {} /\ lateAppends' = {} /\ lateRemovals' = {} /\ lateFences' = {}
    /\ UNCHANGED announced

-----------------------------------------------------------------------------
(* Behaviours *)

Init ==
    /\ InitLog
    /\ inbox = [r \in Requests |-> None]
    /\ knows = [p \in Processes |-> Ignorant]
    /\ announced = {}
    /\ told = {}
    /\ latePuts = {} /\ lateAppends = {} /\ lateRemovals = {} /\ lateFences = {}
    /\ failOvers = 0

Intake(p, r, t) ==
    \/ Put(p, r, t) \/ PutExists(p, r, t) \/ PutUnknown(p, r, t)
    \/ Accept(p, r, t) \/ Refuse(p, r, t) \/ Replay(p, r, t)

Emitter(p) ==
    \/ \E chunk \in Chunks(p) : Append1(p, chunk) \/ AppendUnknown(p, chunk)
    \/ \E r \in Requests : Remove(p, r) \/ RemoveUnknown(p, r)
    \/ \E r \in Requests, t \in Payloads : Answer(p, r, t)

Dropping(p) == ReadEntity(p) \/ \E r \in Requests : Drop(p, r)
Fencing(p) == FenceHead(p) \/ FenceUnknown(p)

Reads(p) ==
    \/ ReadWholeLog(p)
    \/ \E r \in Requests : ReadInboxRow(p, r) \/ ReadRequestRow(p, r)

Landing ==
    \/ \E r \in Requests, t \in Payloads : LandPut(r, t)
    \/ \E each \in lateAppends : LandAppend(each)
    \/ \E r \in Requests : LandRemoval(r)
    \/ \E h \in lateFences : LandFence(h)

Next ==
    \/ \E p \in Processes :
        \/ \E r \in Requests, t \in Payloads : Intake(p, r, t)
        \/ Reads(p) \/ Emitter(p) \/ Dropping(p) \/ Fencing(p) \/ Crash(p)
    \/ Landing
    \/ FailOver

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* Promises *)

\* What a caller was promised is in the inbox until it is in the log, with the payload it was sent with.
AcceptedIsKept ==
    \A each \in told : each[1] = "accepted" =>
        inbox[each[2]] = each[3] \/ IsLogged(each[2], each[3])

RefusedIsNotWritten ==
    \A each \in told : each[1] = "refused" => ~IsLogged(each[2], each[3])

ShownIsLogged ==
    \A each \in told : each[1] = "created" => IsLogged(each[2], each[3])

\* Who is told as done is done, or nobody's. (A fail-over makes it untrue, and it need not be true.)
DoneIsDone ==
    failOvers = 0 => \A p \in Processes : \A r \in knows[p].done :
        r \in DOMAIN rows \/ \A t \in Payloads : <<"accepted", r, t>> \notin told

WrittenNeverChanges ==
    [][failOvers' = failOvers =>
        \A place \in DOMAIN entries : place \in DOMAIN entries' /\ entries'[place] = entries[place]]_vars

\* After a fail-over too, what is left stays, and numbering goes on behind it.
WhatIsLeftStays ==
    [][\A place \in DOMAIN entries \cap DOMAIN entries' :
        failOvers' # failOvers => entries'[place] = entries[place]]_vars

\* A process that has seen a head never holds an older one again, as long as the log loses nothing.
CachedHeadNeverGoesBack ==
    [][failOvers' = 0 => \A p \in Processes :
        knows[p].head # None /\ knows'[p].head # None =>
            knows'[p].head.last >= knows[p].head.last]_vars

Symmetry == Permutations(Requests \ Made) \cup Permutations(Payloads) \cup Permutations(Processes)
=============================================================================
