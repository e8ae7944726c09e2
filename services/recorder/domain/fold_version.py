"""Which fold the stored states are of. One number for all kinds: a shard's states are folded together.

Raise it by one whenever a state's class changes, or what events make of it: recorders then fold what is stored anew,
before they decide by it. A test holds the classes' shapes against it. It only ever grows: the larger one is the newer.
"""

from typing import Final

FOLD_VERSION: Final = 2
