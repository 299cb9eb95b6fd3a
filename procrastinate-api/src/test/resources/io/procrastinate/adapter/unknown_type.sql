-- query: odd
-- parameter: id uuid
SELECT :id
