-------------------------------- MODULE Twins --------------------------------
(* Mistakes. Each replaces one or two definitions of Protocol, and a promise breaks: twins/, README. *)
EXTENDS Parts

\* No ETag on the head.
HeadIgnored(h) == TRUE

\* Rows of places are replaced instead of inserted.
PlacesReplaced(places) == TRUE

\* The cached head is trusted without its ETag: only a head that was read guards the append.
Remembered(h) == [last |-> h.last, version |-> h.version, own |-> TRUE]
HeadUnchangedUnlessRemembered(h) == h = head \/ "own" \in DOMAIN h

\* No request rows.
NoRequestRows(new) == rows

\* An outbox entry counts as done because its number is not above the head.
ListedByNumber(k, ids) ==
    [k EXCEPT !.listed = ids, !.words = @ \cup (IF head.last > 0 THEN ids ELSE {})]

\* The request row is read before the inbox row.
LookedBefore(k, r) == [k EXCEPT !.free = @ \cup ({r} \X Payloads)]

\* Memory holds what is being accepted.
RememberedAtOnce(k, r, t) == [k EXCEPT !.memory = @ \cup {<<r, t>>}]

\* An insert without an answer counts as done.
TakenAsPut(k, r, t) == [k EXCEPT !.rows = @ \cup {<<r, t>>}, !.free = @ \cup {<<r, t>>}]

\* A transaction without an answer counts as done.
TakenAsAppended(k, chunk) == LearnLogged(k, Ids(chunk))

\* The inbox row goes before its request is in the log.
RemoveWhatWasRead(p) == {pair[1] : pair \in knows[p].rows}

\* What is remembered as done lets the inbox row go, or answers.
WordsOrDone(p) == knows[p].words \cup knows[p].done

\* The inbox was read before the entity: what it did not show then counts as absent now.
AbsentUnasked(k, r) == [k EXCEPT !.absent = @ \cup {r}]

\* A fence is a plain write.
FenceAlways(h) == TRUE

\* The answer to a fence, whenever it comes, replaces the head that is cached by then.
FenceAnswered(p) ==
    \E h \in lateFences :
        /\ Learn(p, [knows[p] EXCEPT !.head = h])
        /\ UNCHANGED <<log, inbox, announced, told, late, failOvers>>
FencingAnsweredLate(p) == FenceUnknown(p) \/ FenceAnswered(p)
=============================================================================
