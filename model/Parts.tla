-------------------------------- MODULE Parts --------------------------------
(* What configurations put in place of definitions of Protocol, to look at more of something else. *)
EXTENDS Protocol

Never(p) == FALSE
Never3(p, r, t) == FALSE

\* Accepting in one step, for where acceptance is not the question (Intake.cfg asks it).
AcceptAtOnce(p, r, t) ==
    /\ inbox[r] \in {None, t}
    /\ r \notin DOMAIN rows
    /\ inbox' = [inbox EXCEPT ![r] = t]
    /\ Tell("accepted", r, t)
    /\ announced' = announced \cup {r}
    /\ Learn(p, [LearnRow(knows[p], r, t) EXCEPT !.memory = @ \cup {<<r, t>>}])
    /\ UNCHANGED <<log, late, failOvers>>
\* A head may be fenced again and again.
FewVersions == versions <= 4

-----------------------------------------------------------------------------
(* States that differ in nothing that can matter any more count as one. *)

\* A remembered head is the present one, or may come back in a fail-over, or is of no use.
HeadSeen(h) ==
    CASE h = None -> "none"
      [] h = head -> "present"
      [] failOvers < FailOversMax /\ \E last \in Ends :
            h = IF last = 0 THEN NoHead ELSE [last |-> last, version |-> entries[last].version] -> "may return"
      [] OTHER -> "old"

\* To have seen the inbox row of what has a request row by now permits nothing, unless it was
\* accepted already.
UsefulRows(k) == {pair \in k.rows : pair[1] \notin DOMAIN rows \/ pair \in k.free \/ IsMade(pair[1])}

\* What is remembered as done permits nothing: it is there for DoneIsDone.
Useful(k) == <<UsefulRows(k), k.free, k.memory, HeadSeen(k.head), IF HeadSeen(k.head) = "may return" THEN k.head.last ELSE 0,
    k.words, IF failOvers = 0 THEN k.done ELSE {}, k.listed, k.absent>>

View == <<
    [place \in DOMAIN entries |-> <<entries[place].request, entries[place].payload>>], Ends, rows,
    inbox, announced, told, latePuts, {each.chunk : each \in lateAppends}, lateRemovals,
    head \in lateFences, failOvers, [p \in Processes |-> Useful(knows[p])]>>
=============================================================================
