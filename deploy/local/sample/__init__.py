"""A made-up office year, as actions: any size, the same lines for the same seed, in an order that can be published.

    texts   what things are called           days    the working calendar and the sessions' slots
    staff   who is in the office             draft   an action and the moment it is handed in
    people, learning, talk, work, welfare    what happens in a month, one module a subject
    corrections                              what is taken back or put right afterwards
    year                                     all of it in order

Every person, title and note is invented.
"""
