-- Prepares a change of the layout, right before it. A call of these functions that waits for the tables while they
-- change would return the former columns, at which a worker in Python stops, or read columns that are gone. So the
-- fetch does not wait, and the function that finishes jobs works with both layouts. Run it as one transaction.

-- import: layout.sql

-- include: home

-- include: functions
