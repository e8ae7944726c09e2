"""The evidence bundle (证据包): what a year's appraisal rests on, with proofs, checked anywhere by one file.

command    ``recorder audit bundle``
making     a checkpoint, then figures and events as they stand there; never handed out unchecked
gathering  which events those are, out of read models and states; their bytes, out of the ledger or an archive
standing   how far the read models have come
packing    the files, and the zip
standalone what checks it: travels in every bundle as verify.py, and knows nothing of this package
"""
