-- import: imported.sql

-- What a query may read.
-- bound: enough 10

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
   -- and

-- query: one_that_includes
-- parameter: most integer
SELECT n
-- include: common
 ORDER BY n

-- query: one_with_a_condition
-- parameter: most integer
SELECT n
-- include: common and: n > '$1'::int
 ORDER BY n

-- part: nested
SELECT n
-- include: common

-- query: one_that_includes_more
-- parameter: most integer
-- include: nested
-- include: of_another_file

-- query: bounded
SELECT n FROM numbers LIMIT :enough
