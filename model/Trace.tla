-------------------------------- MODULE Trace --------------------------------
(***************************************************************************)
(* Is what happened a behaviour of Outbox? `model/trace.py` writes a       *)
(* module with the lines of traces; each names an action of Outbox, its    *)
(* parameters, and what there was to be seen after it. A trace is followed *)
(* line by line, as far as Outbox allows.                                  *)
(*                                                                         *)
(* Faults never end here: a trace is part of the storm.                    *)
(***************************************************************************)
EXTENDS Outbox

CONSTANTS
    Recorded,       \* sequence of traces, which are sequences of lines
    RecordedSizes,  \* <<request id, title>> -> characters that it takes up in an outbox
    RecordedRooms   \* characters that an outbox takes, trace by trace

\* TLC works out a definition once, but a constant that Trace.cfg replaces each time it is used.
Traces == Recorded
Sizes == RecordedSizes
Rooms == RecordedRooms

VARIABLES
    which,  \* the trace that is followed
    place   \* the line of it that comes next

Line == Traces[which][place]
Has(name) == name \in DOMAIN Line

-----------------------------------------------------------------------------
(* What Trace.cfg puts in place of definitions of Outbox: one of many choices, by name, instead of
   all of them; and of what the model bounds, what the code bounds. *)

\* Any state that the entity had may be remembered; the line says where it had it.
RememberLine ==
    /\ Line.action = "Remember"
    /\ Line.from < place
    /\ earlier' = IF Line.from = 0 THEN Forgotten ELSE Traces[which][Line.from].entity
    /\ UNCHANGED entity

\* A read that shows what never was, of requests that were announced: as in Small, AnyCommitted.
CommittedOrNever ==
    IF ~Line.dirty THEN {entity, earlier}
    ELSE {each \in {[head |-> 0, outbox |-> Line.chunk]} :
        \A i \in DOMAIN each.outbox :
            CreateSignal(each.outbox[i].request, each.outbox[i].title) \in signals}

KnownOfLine == {known \in {Line.known} : known \subseteq DOMAIN rows}

PartOfLine(R) == {part \in {Line.part} : part \subseteq R}

Characters(outbox) ==
    LET sum[n \in 0..Len(outbox)] ==
        IF n = 0 THEN 0 ELSE sum[n - 1] + Sizes[<<outbox[n].request, outbox[n].title>>]
    IN  sum[Len(outbox)]

IsFullByCharacters(outbox, r, t) == Characters(outbox) + Sizes[<<r, t>>] > Rooms[which]

NoBound == 1000000

Unused == {}  \* TLC works out every constant beforehand, also those that only others need

-----------------------------------------------------------------------------
(* What a line says *)

DoIntake ==
    \/ Line.action = "Insert" /\ Insert(Line.door, Line.request, Line.title)
    \/ Line.action = "Decide" /\ Decide(Line.door)
    \/ Line.action = "Tidy" /\ Tidy(Line.door)
    \/ Line.action = "CrashIntake" /\ CrashIntake(Line.door)

DoEntity ==
    \/ Line.action = "Create" /\ Create(Line.request, Line.title)
    \/ Line.action = "Settle" /\ Settle(Line.request, Line.head)
    \/ Line.action = "Remember" /\ HubTrouble /\ UNCHANGED <<entity, signals>>
    \/ Line.action = "RollBack" /\ HubTrouble /\ UNCHANGED <<earlier, signals>> /\ entity' = earlier
    \/ Line.action = "WipeEntity" /\ HubTrouble /\ UNCHANGED <<earlier, signals>>

Tells(found) == signals' = IF Line.tells THEN signals \cup SettleSignals(found) ELSE signals

DoEmit(e) ==
    \/ Line.action = "ReadState" /\ ReadState(e) /\ emitter'[e].chunk = Line.chunk
    \/ Line.action = "ReadHead" /\ ReadHead(e) /\ emitter'[e].head.last = Line.last
    \/ Line.action = "FindDoubtful" /\ FindDoubtful(e)
    \/ Line.action = "AppendConfirmed" /\ AppendChunk(e) /\ emitter'[e].at = "clear"
    \/ Line.action = "AppendNotConfirmed" /\ AppendChunk(e) /\ emitter'[e].at = "look"
    \/ Line.action = "LookAgain" /\ LookAgain(e)
    \/ /\ Line.action = "ClearUp"
       /\ Line.tells => DOMAIN emitter[e].found = Line.found
       /\ ClearUp(e)
       /\ Tells(emitter[e].found)
    \/ Line.action = "CrashEmit" /\ CrashEmit(e)

DoRepeat ==
    \/ /\ Line.action = "Sweep"
       /\ Sweep(Line.request)
       /\ Line.request \in DOMAIN rows => Tells(Logged({Line.request}))
    \/ Line.action = "Resend" /\ Resend(Line.request)

\* Somebody is told an id. In the model that is no step of its own: see ShownIsLogged.
Show ==
    /\ Line.action = "Show"
    /\ Line.request \in DOMAIN rows
    /\ rows[Line.request].id = Line.id
    /\ UNCHANGED vars

Do == DoIntake \/ DoEntity \/ DoRepeat \/ Show \/ (Has("copy") /\ DoEmit(Line.copy))

\* What there was to be seen, where it changed or was answered.
Observed ==
    /\ Has("inbox") =>
        {<<r, inbox'[r]>> : r \in {each \in Requests : inbox'[each] # None}} = Line.inbox
    /\ Has("log") =>
        /\ head'.last = Len(Line.log)
        /\ [id \in DOMAIN todos' |-> <<todos'[id].request, todos'[id].title>>] = Line.log
    /\ Has("entity") => entity' = Line.entity
    /\ Has("row") => door'[Line.door].row = Line.row
    /\ Has("verdict") =>
        told' = told \cup {<<Line.verdict, door[Line.door].request, door[Line.door].title>>}

Follow ==
    /\ place <= Len(Traces[which])
    /\ Do
    /\ Observed
    /\ place' = place + 1
    /\ UNCHANGED which
    /\ PrintT(<<"followed", which, place>>)

Behaviour == Init /\ which \in DOMAIN Traces /\ place = 1 /\ [][Follow]_<<vars, which, place>>
=============================================================================
