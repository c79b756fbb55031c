--------------------------- MODULE CompletionTwins ---------------------------
(* Mistakes. Each replaces one or two definitions of Completion, and a promise breaks. *)
EXTENDS CompletionParts

\* Nobody tells the entity what is done: a full outbox stays full.
TellsNothing(x) == {}

\* What was signalled once is not signalled again by the same loop.
SentForEver(x) == x.sent

\* It is signalled again without a look at its request row.
LooksAtNothing(x) == {}

\* The entity remembers finished requests, and does not take them again.
SomeFinished == SUBSET Requests

\* Known done skips what has an inbox row.
KnownDoneWhatever(x, content) == x.known
=============================================================================
