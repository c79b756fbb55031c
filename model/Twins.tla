-------------------------------- MODULE Twins --------------------------------
(* Mistakes. Each replaces one definition of Outbox, and breaks a promise: see twins/ and README. *)
EXTENDS Small

\* No ETag on the head.
HeadIgnored(h) == TRUE

\* Rows of TODOs are replaced instead of inserted.
TodoRowsReplaced(ids) == TRUE

\* No request rows.
NoRequestRows(new) == rows

\* An outbox entry counts as done because its number is not above the head.
FoundByNumber(e, R) ==
    [r \in R |-> CHOOSE id \in 1..IdsMax :
        \E i \in DOMAIN emitter[e].chunk :
            emitter[e].chunk[i].request = r /\ emitter[e].chunk[i].id = id]

\* The entity remembers finished requests and drops their repeats.
Finished(state) == IF "finished" \in DOMAIN state THEN state.finished ELSE {}

CreateUnlessFinished(state, r, t) ==
    LET n == Len(state.outbox)
        next == [id |-> Min(state.head + n + 1, IdsMax), request |-> r, title |-> t]
    IN  IF r \in RequestsOf(state.outbox) \cup Finished(state) \/ n = OutboxMax
        THEN state
        ELSE [state EXCEPT !.outbox = Append(@, next)]

SettleAndRemember(state, h, r) ==
    [head |-> Max({state.head, h}), outbox |-> Only(state.outbox, Requests \ {r}),
     finished |-> Finished(state) \cup {r}]

\* Intake reads the request row before it inserts the inbox row.
LookFirst(d, r, t) ==
    /\ door[d] = Closed
    /\ door' = [door EXCEPT ![d] = [request |-> r, title |-> t, row |-> None,
                                    logged |-> IF r \in DOMAIN rows THEN rows[r].title ELSE None]]
    /\ UNCHANGED <<inbox, log, told, hub, emitter, calm>>

InsertThen(d) ==
    LET r == door[d].request
    IN  /\ door[d] # Closed
        /\ door[d].row = None
        /\ inbox' = IF inbox[r] = None THEN [inbox EXCEPT ![r] = door[d].title] ELSE inbox
        /\ door' = [door EXCEPT ![d].row = inbox'[r]]
        /\ UNCHANGED <<log, told, hub, emitter, calm>>

AnswerByWhatWasSeen(d) ==
    /\ door[d] # Closed
    /\ door[d].row # None
    /\ Answer(IF door[d].logged \in {None, door[d].title} /\ door[d].row = door[d].title
              THEN "accepted" ELSE "refused", d)
    /\ Announce(door[d].request, door[d].row)
    /\ door' = [door EXCEPT ![d] = Closed]
    /\ UNCHANGED <<inbox, log, entity, earlier, emitter, calm>>

IntakeLooksFirst(d) ==
    \/ \E r \in Requests, t \in Titles : LookFirst(d, r, t)
    \/ InsertThen(d) \/ AnswerByWhatWasSeen(d)
=============================================================================
