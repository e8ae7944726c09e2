"""Which records on the events topic the recorder wrote: those alone are folded, by their MACs."""

from collections.abc import Sequence

from aiokafka import TopicPartition

from schemas.trust.mac import sequence
from services.common.kafka.macs import Foreign, Macs, Record, Strangers
from services.common.settings import Settings
from services.projector.errors import Unproven


def macs_of(settings: Settings) -> Macs:
    """Those of this installation. Raises Unproven."""
    return Macs(settings.mac_keys_file, Unproven)


class Marks:
    """Judges the records of one partition. ``strangers``: the foreign ones among them that nobody was told of yet."""

    def __init__(self, macs: Macs, place: TopicPartition) -> None:
        self._place = macs.at(place.topic, place.partition)
        self.strangers = Strangers()

    def ours(self, records: Sequence[Record]) -> tuple[list[Record], Unproven | None]:
        """Those that the recorder wrote, up to one of which that can't be told: the file of keys is too old."""
        found: list[Record] = []
        try:
            for record in records:
                why = self._place.foreign(record.headers, sequence(record.value), record.value)
                if why is None:
                    found.append(record)
                else:
                    self.strangers.see(Foreign.of(record, why))
        except Unproven as error:
            return found, error
        return found, None

    def taken(self) -> Strangers:
        """Those that were seen since this was asked last."""
        found, self.strangers = self.strangers, Strangers()
        return found
