-- query: odd
SELECT 1
-- include: nowhere
