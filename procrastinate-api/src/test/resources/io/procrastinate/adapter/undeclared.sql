-- query: odd
SELECT :id
