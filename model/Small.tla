-------------------------------- MODULE Small --------------------------------
(* What configurations put in place of definitions of Outbox, to look at more of something else. *)
EXTENDS Outbox

Never1(x) == FALSE
Never == FALSE
NoSignals1(x) == {}

\* Accepting in one step, for where acceptance is not the question (KeyReuse.cfg asks it).
Accept(r, t) ==
    /\ ~calm
    /\ inbox[r] \in {None, t}
    /\ r \notin DOMAIN rows
    /\ inbox' = [inbox EXCEPT ![r] = t]
    /\ told' = told \cup {<<"accepted", r, t>>}
    /\ Announce(r, t)
    /\ UNCHANGED <<log, door, entity, earlier, emitter, calm>>

IntakeInOneStep(d) == \E r \in Requests, t \in Titles : Accept(r, t)

\* An entity that may be in any state that can be written down about announced requests: lost,
\* rolled back, seen late, run again in another order, or plain wrong. Of an id only matters
\* whether it is above the head.
AnyCommitted ==
    {[head |-> 0, outbox |-> each] : each \in {any \in AnyOutbox :
        \A i \in DOMAIN any :
            /\ CreateSignal(any[i].request, any[i].title) \in signals
            /\ any[i].id \in {1, IdsMax}}}

Announcements == {CreateSignal(r, t) : r \in Requests, t \in Titles}

\* Nothing goes wrong any more, and every state is possible that keeps the promises.
AnyState ==
    /\ calm = TRUE
    /\ inbox \in [Requests -> Titles \cup {None}]
    /\ \E order \in {any \in UNION {[1..n -> Requests] : n \in 0..Cardinality(Requests)} :
                        \A a, b \in DOMAIN any : any[a] = any[b] => a = b} :
        \E t \in Titles :
            /\ todos = [id \in DOMAIN order |-> [request |-> order[id], title |-> t, version |-> 0]]
            /\ rows = [r \in {order[id] : id \in DOMAIN order} |->
                [id |-> CHOOSE id \in DOMAIN order : order[id] = r, title |-> t]]
            /\ head = [last |-> Len(order), version |-> 0]
    /\ failOvers = 0
    /\ told = {each \in {"accepted"} \X Requests \X Titles : inbox[each[2]] = each[3]}
    /\ door = [d \in Doors |-> Closed]
    /\ entity \in [head : 0..Cardinality(Requests), outbox : AnyOutbox]
    /\ earlier = Forgotten
    /\ signals \in {each \in SUBSET AllSignals : Cardinality(each \ Announcements) <= 1}
    /\ work = {}
    /\ emitter = [e \in Emitters |-> Idle]

CalmFromAnyState == AnyState /\ [][Steps]_vars /\ Fairness
=============================================================================
