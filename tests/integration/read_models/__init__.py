"""What each read model should say, worked out in Python from the events alone: one module a read model, named as it is.

``rows(known)`` gives the figures of every row by its key. Where a row is there for another reason than its facts,
``keys(known)`` and ``row(known, key)`` do. ``test_all.py`` holds every read model against its module.
"""
