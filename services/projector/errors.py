"""The projector's errors.

ProjectorError
├── Misfit          what is set up doesn't fit: says what to mend
├── Unloadable      a read model's file lacks what every one must say
├── Unfoldable      an event that no read model can take: its shard halts
├── Forked          the topic and the cursor tell different histories: the shard halts
├── Told            said in English and Chinese
│   ├── Halted          a shard stands still: says which event
│   ├── Refused         a rebuild or verification can't be done now: says what to do first
│   ├── Unproven        the file of keys, which tells the recorder's records from others', isn't there or too old
│   ├── Unreadable      the events topic can't be had, or lacks what was applied
│   ├── Lost            tables of the live read models are gone: says how to have them again
│   └── NotRunning      there is nothing to ask
├── Retired         another version of the read models is live: look which
└── Behind          the batch doesn't begin at the cursor: nothing was applied, read again from the cursor
"""

# each is named for what is so, as the tree above reads


class ProjectorError(Exception):
    """Base of all errors that the projector raises itself."""


class Misfit(ProjectorError):
    """Settings, topic and database don't fit each other."""


class Unloadable(ProjectorError):
    """A read model doesn't say what it must. The message names the file and what to mend."""


class Unfoldable(ProjectorError):
    """An event that can't be read or folded. The message names the event and the reason, never its content."""


class Forked(ProjectorError):
    """The topic and the cursor tell different histories."""


class Behind(ProjectorError):
    """A batch begins after the cursor."""


class Told(ProjectorError):
    """What people read in either language; as text it is English."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class Halted(Told):
    """A shard stands still until someone has acted."""


class Refused(Told):
    """A rebuild or a verification can't be done now."""


class Unproven(Told):
    """Without the keys of MACs nobody can tell what the recorder wrote, and nothing is folded."""


class Unreadable(Told):
    """The events topic can't be read as far as is needed."""


class Lost(Told):
    """The live version's schema was dropped, or tables in it."""


class NotRunning(Told):
    """Database or Kafka can't be reached, or no projector has run here."""


class Retired(ProjectorError):
    """The version that was folded is no longer live."""
