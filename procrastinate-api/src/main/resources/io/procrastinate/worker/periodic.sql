-- When periodic jobs are deferred.

-- query: defer_periodic
-- parameter: queue_name text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: task_name text
-- parameter: priority integer
-- parameter: periodic_id text
-- parameter: timestamp bigint
-- parameter: args json
-- include: newer
               THEN
-- include: call
-- include: unless_overtaken

-- query: defer_periodic_with_headers
-- parameter: queue_name text
-- parameter: lock text
-- parameter: queueing_lock text
-- parameter: task_name text
-- parameter: priority integer
-- parameter: periodic_id text
-- parameter: timestamp bigint
-- parameter: args json
-- parameter: headers json
-- include: newer
               THEN procrastinate_java_set_headers(
-- include: call
                   , :headers)
-- include: unless_overtaken

-- part: call
                   procrastinate_defer_periodic_job_v2(
                       :queue_name, :lock, :queueing_lock, :task_name, :priority, :periodic_id, :timestamp, :args)

-- part: newer
-- When a newer time is deferred, the function deletes the older ones, and would then defer them a second time. The
-- check sees the rows that existed when the statement began; but the function waits for others that defer the same
-- time, and may run after a newer time was deferred and this one deleted. If another transaction deferred meanwhile, it
-- has deleted the time that was the newest, which otherwise this function deletes: then a cast that fails undoes the
-- statement, to be tried again.
WITH newest AS MATERIALIZED (
    SELECT id, defer_timestamp
      FROM procrastinate_periodic_defers
     WHERE task_name = :task_name
       AND periodic_id = :periodic_id
       AND defer_timestamp IS NOT NULL
     ORDER BY defer_timestamp DESC
     LIMIT 1
), deferred AS MATERIALIZED (
    SELECT CASE
               WHEN NOT EXISTS (SELECT FROM newest WHERE defer_timestamp >= :timestamp)

-- part: unless_overtaken
           END AS id
)
SELECT CASE
           WHEN before.deleted_by <> pg_current_xact_id_if_assigned()::xid
           THEN ('overtaken by transaction ' || before.deleted_by::text)::bigint
           ELSE d.id
       END AS id
  FROM deferred d
  LEFT JOIN LATERAL (
       SELECT p.xmax AS deleted_by
         FROM procrastinate_periodic_defers p
        WHERE p.id = (SELECT id FROM newest)
          AND d.id IS NOT NULL
       OFFSET 0) before ON true
