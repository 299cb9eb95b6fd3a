-- query: plain
SELECT 1 AS one

-- query: with_parameters
-- parameter: ids bigint[]
-- parameter: args json
-- parameter: at timestamptz
-- A comment of the query.
SELECT :ids, :args, :at

-- part: common
  FROM numbers
 WHERE n < :most

-- query: one_that_includes
-- parameter: most integer
SELECT n
-- include: common
 ORDER BY n
