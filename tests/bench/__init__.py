"""``make bench``: the whole path measured on this machine, as a share of what PostgreSQL takes in bare rows.

Everything runs in a stack of its own (own folder, own ports), started and removed by the run.

figures     what is measured, its bounds, the table, ``.local/bench.json``
stack       the stack, and how much memory and processor its processes take
workload    the actions: sample years of several offices, spread evenly over the shards
copying     bare rows a second: the measure of the machine
filling     what has to be there before: sealed actions over HTTP, plain ones waiting on the intake topic
recording   the recorder: intake topic → committed and published
consuming   the events topic read and thrown away
replaying   the projector: all read models from the first event on
peer        the library eventsourcing doing the like work on the same PostgreSQL
auditing    ``recorder audit``: all events written out, from either store, and verified
latency     from sending an action to seeing it in the read API
against     another commit's bench and this one's, in turn
"""
