"""Says when cron expressions are due, by the library that Procrastinate asks.

Each line of the file is an instant in seconds since 1970, a tab, and an expression. Each line of the output
is JSON: the next three times and the previous three, or null for an expression that the library refuses.
"""

import json
import sys

import croniter


def times(expression, instant):
    try:
        ahead = croniter.croniter(expression, instant)
        back = croniter.croniter(expression, instant)
        return [round(ahead.get_next(float)) for _ in range(3)] + [round(back.get_prev(float)) for _ in range(3)]
    except (croniter.CroniterError, ValueError):
        return None


with open(sys.argv[1], encoding="utf-8") as cases:
    for line in cases:
        instant, expression = line.rstrip("\n").split("\t")
        print(json.dumps(times(expression, int(instant))))
