------------------------------ MODULE Publishing ------------------------------
(***************************************************************************)
(* Publishing the log of one key to the output hub: marker, cursor, fence. *)
(* Rules as in Protocol: reading gives knowledge, writing asks for it. A   *)
(* process may do all of it: append, publish, fence.                       *)
(*                                                                         *)
(*   appending   take a head (read, or cached) · set the marker · append   *)
(*               behind that head                                          *)
(*   publishing  read the marker · publish to the end · fence the head     *)
(*               where publishing ended · take that marker away            *)
(***************************************************************************)
EXTENDS Log

CONSTANTS
    Processes,
    Appending,     \* those that append
    Following,     \* those that publish
    MarksMax,      \* how often the marker may be set
    VersionsMax,   \* versions that the head may have: appends and fences
    FailOversMax,
    CrashesMax

VARIABLES
    marker,     \* its version, or None: no row
    marks,      \* how many versions there were
    cursor,     \* [last, version]: a place, and the version of its entry
    sent,       \* what the output hub was sent: <<place, request id, version>>
    knows,      \* process -> what it knows
    failOvers,
    crashes
vars == <<log, marker, marks, cursor, sent, knows, failOvers, crashes>>

Ignorant == [
    head   |-> None,  \* as last read, appended or fenced here: the cached head
    marked |-> None,  \* the head that it held when it last set the marker
    marker |-> None,  \* version of the marker that it read
    cursor |-> None,  \* as it read or moved it
    upTo   |-> 0,     \* it has sent everything up to here
    clean  |-> None]  \* version of the marker that its fence allows it to take away

Learn(p, knowledge) == knows' = [knows EXCEPT ![p] = knowledge]

NoCursor == [last |-> 0, version |-> 0]
VersionAt(place) == IF place \in DOMAIN entries THEN entries[place].version ELSE 0
CursorAt(place) == [last |-> place, version |-> VersionAt(place)]

-----------------------------------------------------------------------------
(* Appending *)

ReadHead(p) ==
    /\ Learn(p, [knows[p] EXCEPT !.head = head])
    /\ UNCHANGED <<log, marker, marks, cursor, sent, failOvers, crashes>>

Mark(p) ==
    /\ knows[p].head # None
    /\ marks < MarksMax
    /\ marker' = marks + 1
    /\ marks' = marks + 1
    /\ Learn(p, [knows[p] EXCEPT !.marked = knows[p].head])
    /\ UNCHANGED <<log, cursor, sent, failOvers, crashes>>

\* The head that guards the append was held before the marker was set.
MayAppend(p) == knows[p].marked = knows[p].head

AppendEntry(p) ==
    /\ knows[p].head # None
    /\ MayAppend(p)
    /\ \E r \in Requests, t \in Payloads :
        LET chunk == <<[request |-> r, payload |-> t]>>
        IN  /\ Commit(knows[p].head, chunk)
            /\ Learn(p, [knows[p] EXCEPT !.head = HeadAfter(knows[p].head, chunk), !.marked = None])
    /\ UNCHANGED <<marker, marks, cursor, sent, failOvers, crashes>>

-----------------------------------------------------------------------------
(* Publishing *)

ReadMarker(p) ==
    /\ marker # None
    /\ Learn(p, [knows[p] EXCEPT !.marker = marker])
    /\ UNCHANGED <<log, marker, marks, cursor, sent, failOvers, crashes>>

\* The cursor names the entry that it stands at. When that is no longer there, the log lost its
\* tail, and what was published behind some earlier place is not what is there now.
IsFollowed(c) == c.version = VersionAt(c.last)
StepBack(c) == 0

ReadCursor(p) ==
    /\ Learn(p, [knows[p] EXCEPT !.cursor = cursor,
                                 !.upTo = IF IsFollowed(cursor) THEN cursor.last ELSE StepBack(cursor)])
    /\ UNCHANGED <<log, marker, marks, cursor, sent, failOvers, crashes>>

Event(place) == <<place, entries[place].request, entries[place].version>>

\* In the order of places, one after the other.
Send(p) ==
    LET place == knows[p].upTo + 1
    IN  /\ knows[p].cursor # None
        /\ place \in DOMAIN entries
        /\ sent' = sent \cup {Event(place)}
        /\ Learn(p, [knows[p] EXCEPT !.upTo = place])
        /\ UNCHANGED <<log, marker, marks, cursor, failOvers, crashes>>

\* Only if it still is the one that was read, and after sending.
MayMoveTo(p) == {knows[p].upTo}
MoveCursor(p) ==
    /\ knows[p].cursor = cursor
    /\ \E place \in MayMoveTo(p) :
        /\ CursorAt(place) # cursor
        /\ cursor' = CursorAt(place)
        /\ Learn(p, [knows[p] EXCEPT !.cursor = CursorAt(place), !.upTo = place])
    /\ UNCHANGED <<log, marker, marks, sent, failOvers, crashes>>

\* The head is where publishing ended. A cached head of the same process follows.
FenceHead(p) ==
    LET h == knows[p].head
    IN  /\ h # None
        /\ knows[p].marker # None
        /\ knows[p].cursor # None
        /\ knows[p].cursor = CursorAt(h.last)
        /\ knows[p].upTo = h.last
        /\ versions < VersionsMax
        /\ Fence(h)
        /\ Learn(p, [knows[p] EXCEPT !.head = head', !.clean = knows[p].marker, !.marker = None])
        /\ UNCHANGED <<marker, marks, cursor, sent, failOvers, crashes>>

\* Only the marker that was read before the fence.
MayUnmark(p) == {knows[p].clean}
Unmark(p) ==
    /\ marker # None
    /\ marker \in MayUnmark(p)
    /\ marker' = None
    /\ Learn(p, [knows[p] EXCEPT !.clean = None])
    /\ UNCHANGED <<log, marks, cursor, sent, failOvers, crashes>>

-----------------------------------------------------------------------------
(* What goes wrong *)

Crash(p) ==
    /\ crashes < CrashesMax
    /\ knows[p] # Ignorant
    /\ crashes' = crashes + 1
    /\ Learn(p, Ignorant)
    /\ UNCHANGED <<log, marker, marks, cursor, sent, failOvers>>

\* Calls under way die; the cached head survives with its process. The cursor may come back older.
MarkerCopies == {marker}
FailOver ==
    /\ failOvers < FailOversMax
    /\ failOvers' = failOvers + 1
    /\ \E last \in Ends : CutTo(last)
    /\ cursor' \in {cursor, NoCursor}
    /\ marker' \in MarkerCopies
    /\ knows' = [p \in Processes |-> [Ignorant EXCEPT !.head = knows[p].head]]
    /\ UNCHANGED <<marks, sent, crashes>>

-----------------------------------------------------------------------------
(* Behaviours *)

Init ==
    /\ InitLog
    /\ marker = None
    /\ marks = 0
    /\ cursor = NoCursor
    /\ sent = {}
    /\ knows = [p \in Processes |-> Ignorant]
    /\ failOvers = 0
    /\ crashes = 0

Publish(p) ==
    \/ ReadMarker(p) \/ ReadCursor(p) \/ Send(p) \/ MoveCursor(p) \/ FenceHead(p) \/ Unmark(p)

Next ==
    \/ \E p \in Appending : Mark(p) \/ AppendEntry(p)
    \/ \E p \in Following : Publish(p)
    \/ \E p \in Processes : ReadHead(p) \/ Crash(p)
    \/ FailOver

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* Promises *)

IsPublished(place) == Event(place) \in sent

\* Whoever crashes, and in whatever order: what is not published has a marker.
UnpublishedHasMarker == marker = None => \A place \in DOMAIN entries : IsPublished(place)

\* What the cursor has passed was sent.
CursorFollows == IsFollowed(cursor) => \A place \in 1..cursor.last : IsPublished(place)

\* Nothing is sent that was not in the log. (What a fail-over loses was.)
SentIsLogged ==
    failOvers = 0 => \A each \in sent : each[1] \in DOMAIN entries /\ Event(each[1]) = each

WrittenNeverChanges ==
    [][failOvers' = failOvers =>
        \A place \in DOMAIN entries : place \in DOMAIN entries' /\ entries'[place] = entries[place]]_vars

\* States that differ in nothing that can matter any more count as one: a head that is not the
\* present one, and that no fail-over brings back, is of no use; nor is the number of versions.
HeadSeen(h) ==
    CASE h = None -> "none"
      [] h = head -> "present"
      [] failOvers < FailOversMax /\ \E last \in Ends :
            h = (IF last = 0 THEN NoHead ELSE [last |-> last, version |-> entries[last].version]) -> "may return"
      [] OTHER -> "old"
SeenBy(k) == [k EXCEPT !.head = HeadSeen(@),
                       !.marked = IF @ # None /\ @ = k.head THEN "the head" ELSE "another",
                       !.marker = @ # None /\ @ = marker,
                       !.clean = @ # None /\ @ = marker,
                       !.upTo = IF k.cursor = None THEN 0 ELSE @,
                       !.cursor = IF @ = None THEN "none" ELSE IF @ = cursor THEN "present" ELSE "old"]
View == <<head.last, [place \in DOMAIN entries |-> entries[place].request],
    [place \in DOMAIN entries |-> IsPublished(place)], Ends, cursor.last, IsFollowed(cursor), versions,
    marker = None, marks, failOvers, crashes, [p \in Processes |-> SeenBy(knows[p])]>>

Symmetry == Permutations(Requests) \cup Permutations(Processes)
=============================================================================
