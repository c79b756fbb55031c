---- MODULE Ledger ----
\* Emitters take requests from the inbox and append them to the log.
EXTENDS Naturals, Sequences, FiniteSets
CONSTANTS Requests, Emitters
VARIABLES inbox, log, seen \* seen[e]: the request that e took, and how long the log was then

Logged == {log[n] : n \in 1..Len(log)}
Nothing == [request |-> "none", length |-> 0]

Init == inbox = Requests /\ log = <<>> /\ seen = [e \in Emitters |-> Nothing]

Read(e) == /\ seen[e] = Nothing
           /\ \E r \in inbox \ Logged :
                seen' = [seen EXCEPT ![e] = [request |-> r, length |-> Len(log)]]
           /\ UNCHANGED <<inbox, log>>

Write(e) == /\ seen[e] # Nothing
            /\ Len(log) = seen[e].length \* the ETag of the head: nobody has written since
            /\ log' = Append(log, seen[e].request)
            /\ seen' = [seen EXCEPT ![e] = Nothing]
            /\ UNCHANGED inbox

Crash(e) == seen' = [seen EXCEPT ![e] = Nothing] /\ UNCHANGED <<inbox, log>>

Clean == \E r \in inbox \cap Logged : inbox' = inbox \ {r} /\ UNCHANGED <<log, seen>>

Next == Clean \/ \E e \in Emitters : Read(e) \/ Write(e) \/ Crash(e)

\* Yours: say what must hold in every state, then mend Write.
NoLoss == Requests \subseteq inbox \cup Logged
NoDuplicate == \A m, n \in 1..Len(log) : log[m] = log[n] => m = n
====
