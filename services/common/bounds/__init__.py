"""What a client may cost before anything is known of it, and how often it may come.

connections.py   how many there are, and which one goes where there are too many
protocol.py      uvicorn's own, with bounds on headers and on the time that a client takes
gate.py          before every route: hosts, sizes, what every answer says to browsers
rates.py         requests a second, by identity
json.py          how much a JSON text may hold
room.py          how much of large bodies there is at once
"""
