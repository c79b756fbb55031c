--------------------------- MODULE CompletionParts ---------------------------
(* What configurations put in place of definitions of Completion: orders, and smaller first states. *)
EXTENDS Completion

EntityLogInbox == <<"entity", "log", "inbox">>
EntityInboxLog == <<"entity", "inbox", "log">>
EntityThenBoth == <<"entity", "both">>

Never == FALSE
Never1(e) == FALSE

NoSignals == {<<>>}
NothingLogged == {<<>>}
NothingRemembered == {{}}
TrulyRemembered == {{}, Logged}
NothingCached == {None}
NothingSent == {{}}
OneEach == {{r} : r \in Before}
NoStrayRows == {Before \ Logged}
AllLogged == {SomeOrder(Before)}
HeadKnown == [head : {Cardinality(Requests)}, outbox : Orders(Before, OutboxMax), finished : {{}}]
HeadUnknown == [head : {0}, outbox : Orders(Before, OutboxMax), finished : {{}}]
NewEntity == {[head |-> 0, outbox |-> <<>>, finished |-> {}]}
AnyHandOver == BOOLEAN
=============================================================================
