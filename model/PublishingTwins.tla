--------------------------- MODULE PublishingTwins ---------------------------
(* Mistakes. Each replaces one or two definitions of Publishing, and a promise breaks. *)
EXTENDS Publishing

\* The marker was set, whatever head was held then: set before the head was read, or the cached
\* head was replaced by a fence of the same process in between.
MarkedAtAll(p) == knows[p].marked # None

\* No marker before the append.
Unmarked(p) == TRUE

\* The marker goes without a fence: the log was published to its end, that is all.
UnmarkUnfenced(p) ==
    IF knows[p].cursor # None /\ knows[p].head # None /\ knows[p].upTo = knows[p].head.last
    THEN {knows[p].marker} ELSE {}

\* The marker goes whatever version it has by now.
UnmarkAny(p) == IF knows[p].clean # None THEN {marker} ELSE {}

\* The cursor moves before the events are sent.
MoveFirst(p) == {knows[p].upTo, head.last}

\* After a fail-over publishing steps back to the end that the log has by then.
StepBackToEnd(c) == IF c.last < head.last THEN c.last ELSE head.last

\* A cursor is right when the log is at least that long.
FollowedByLength(c) == c.last <= head.last

\* The cursor names the request that it stands at, not the version of its entry.
FollowedByRequest(c) ==
    c.last = 0 \/ (c.last \in DOMAIN entries /\ \E each \in sent :
        each[1] = c.last /\ each[3] = c.version /\ each[2] = entries[c.last].request)

\* The fail-over loses the marker, and not the entries that it stands for.
MarkerLost == {marker, None}
=============================================================================
